"""Each objective against a value worked out by hand."""

import math

import pytest
import torch

from xmm_cli.training.objectives import OBJECTIVES, UNLEARNING
from xmm_cli.training.parts import Part, Parts

# Two tokens to choose from: a logit of log(p / (1 - p)) for the right one gives it probability p.


def part(probabilities: list[float], rows: list[int], reference: list[float] | None = None) -> Part:
    logits = torch.tensor([[math.log(p / (1 - p)), 0.0] for p in probabilities])
    wanted = torch.zeros(len(probabilities), dtype=torch.int64)
    before = None if reference is None else torch.tensor(reference).log()
    return Part(logits, wanted, torch.tensor(rows), before)


RETAIN = part([0.5, 0.25], [0, 1])
L_R = (math.log(2) + math.log(4)) / 2
FORGET = part([0.5, 0.8, 0.1], [0, 0, 1], reference=[0.9, 0.8, 0.1])
L_F = -(math.log(0.5) + math.log(0.8) + math.log(0.1)) / 3


def value(name: str, parts: Parts) -> float:
    return float(OBJECTIVES.load(name)(parts))


def test_memorize_is_the_mean_over_answer_tokens():
    assert value("memorize", Parts(RETAIN)) == pytest.approx(L_R)


def test_ga_ascends_on_the_forget_set_alone():
    assert value("ga", Parts(RETAIN, FORGET)) == pytest.approx(-L_F)


def test_graddiff_ascends_and_descends():
    assert value("graddiff", Parts(RETAIN, FORGET)) == pytest.approx(L_R - L_F)


def test_npo_compares_summed_likelihoods_with_the_reference():
    # example 0: S = log(0.5 * 0.8), S_ref = log(0.9 * 0.8); example 1 has not changed
    changes = [math.log(0.5 / 0.9), 0.0]
    preference = sum(math.log(1 / (1 + math.exp(0.1 * change))) for change in changes) / 2
    assert value("npo", Parts(RETAIN, FORGET)) == pytest.approx(-2 / 0.1 * preference + L_R)


def test_npo_gradient_is_that_of_ascent_while_nothing_has_changed():
    logits = torch.tensor([[0.3, -0.2], [1.0, 0.5]], requires_grad=True)
    wanted, rows = torch.tensor([0, 1]), torch.tensor([0, 0])
    now = Part(logits, wanted, rows)
    forget = Part(logits, wanted, rows, now.logprobs().detach())
    still = Part(logits.detach(), wanted, rows)
    OBJECTIVES.load("npo")(Parts(still, forget)).backward()
    found = logits.grad.clone()
    logits.grad = None
    now.logprobs().sum().backward()
    assert torch.allclose(found, logits.grad, atol=1e-6)


@pytest.mark.parametrize("name", UNLEARNING)
def test_descending_lowers_the_right_answers_of_the_forget_set(name):
    logits = torch.tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)
    wanted, rows = torch.tensor([0, 1]), torch.tensor([0, 1])
    before = Part(logits, wanted, rows).logprobs().detach()
    OBJECTIVES.load(name)(Parts(RETAIN, Part(logits, wanted, rows, before))).backward()
    after = Part(logits.detach() - 0.1 * logits.grad, wanted, rows).logprobs()
    assert (after < before).all()


@pytest.mark.parametrize("name", UNLEARNING)
def test_unlearning_without_a_forget_set_is_refused(name):
    with pytest.raises(ValueError, match="forget set"):
        value(name, Parts(RETAIN))


def test_npo_without_a_reference_is_refused():
    with pytest.raises(ValueError, match="before unlearning"):
        value("npo", Parts(RETAIN, part([0.5], [0])))
