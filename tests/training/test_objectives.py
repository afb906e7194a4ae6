"""Each objective against a value worked out by hand."""

import math
from types import SimpleNamespace

import pytest
import torch

from xmm_cli.training.batch import Part, Parts
from xmm_cli.training.objective import as_objective
from xmm_cli.training.objectives import OBJECTIVES, UNLEARNING
from xmm_cli.training.objectives.mmunlearner import MMUnlearner
from xmm_cli.training.objectives.pdu import Pdu
from xmm_cli.training.objectives.rmu import Rmu

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


def test_npo_with_another_beta():
    config = OBJECTIVES.config("npo", {"beta": 0.5})
    loss = as_objective(OBJECTIVES.load("npo"), config)
    changes = [math.log(0.5 / 0.9), 0.0]
    preference = sum(math.log(1 / (1 + math.exp(0.5 * change))) for change in changes) / 2
    assert float(loss(Parts(RETAIN, FORGET))) == pytest.approx(-2 / 0.5 * preference + L_R)
    assert loss.needs == OBJECTIVES.load("npo").needs


@pytest.mark.parametrize("name", ["pdu", "rmu", "mmunlearner"])
def test_an_objective_that_remembers_keeps_its_hyperparameters(name):
    field = next(iter(OBJECTIVES.hyperparameters(name)))
    config = OBJECTIVES.config(name, {field: 7.0})
    objective = as_objective(OBJECTIVES.load(name), config)
    model = torch.nn.Linear(1, 1)
    parts = Parts(with_gradient(model), with_gradient(model))
    start = SimpleNamespace(seed=3, model=model, parts=lambda: [parts])
    assert getattr(objective.begin(start).config, field) == 7.0


def with_gradient(model: torch.nn.Module) -> Part:
    logits = model.weight * torch.tensor([[1.0, 2.0]])
    return Part(logits, torch.tensor([0]), torch.tensor([0]))


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


def logits_of(*probabilities: float) -> torch.Tensor:
    return torch.tensor([[math.log(p / (1 - p)), 0.0] for p in probabilities])


INSTEAD = part([0.3, 0.6], [0, 1], reference=[0.2, 0.6])
L_I = -(math.log(0.3) + math.log(0.6)) / 2


def log_sigma(x: float) -> float:
    return -math.log1p(math.exp(-x))


def test_kl_ascends_and_stays_near_the_model_before_in_one_loss():
    before = logits_of(0.5, 0.5)
    kept = Part(RETAIN.logits, RETAIN.wanted, RETAIN.rows, reference_logits=before)
    # the first token has not changed; of the second, KL(0.5, 0.5 || 0.25, 0.75)
    divergence = (0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)) / 2
    assert value("kl", Parts(kept, FORGET)) == pytest.approx(divergence - L_F)


def test_simnpo_takes_each_answers_own_mean():
    means = [-(math.log(0.5) + math.log(0.8)) / 2, -math.log(0.1)]
    preference = sum(log_sigma(4.5 * mean) for mean in means) / 2
    expected = -0.125 * 2 / 4.5 * preference + L_R
    assert value("simnpo", Parts(RETAIN, FORGET)) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["idk", "randomlabel"])
def test_another_answer_is_learned_beside_the_retain_set(name):
    found = value(name, Parts(RETAIN, FORGET, INSTEAD))
    assert found == pytest.approx(L_I + L_R)


def test_dpo_prefers_one_answer_to_the_other():
    # S - S_ref: of the right answers log(0.5 / 0.9) and 0, of the others log(0.3 / 0.2) and 0
    margins = [math.log(0.3 / 0.2) - math.log(0.5 / 0.9), 0.0]
    preference = sum(log_sigma(0.1 * margin) for margin in margins) / 2
    found = value("dpo", Parts(RETAIN, FORGET, INSTEAD))
    assert found == pytest.approx(-2 / 0.1 * preference + L_R)


def test_dpo_moves_both_answers_and_idk_only_one():
    def moved(name: str) -> list[bool]:
        parts = [
            Part(one.logits.clone().requires_grad_(), one.wanted, one.rows, reference=one.reference)
            for one in (FORGET, INSTEAD)
        ]
        OBJECTIVES.load(name)(Parts(RETAIN, *parts)).backward()
        return [one.logits.grad is not None for one in parts]

    assert moved("dpo") == [True, True]
    assert moved("idk") == [False, True]


def test_rmu_steers_the_forget_set_and_holds_the_retain_set():
    before = torch.tensor([[3.0, 4.0]])  # of norm 5
    logits, wanted, rows = torch.zeros(1, 2), torch.tensor([0]), torch.tensor([0])
    forget = Part(logits, wanted, rows, hidden=torch.zeros(1, 2), reference_hidden=before)
    retain = Part(logits, wanted, rows, hidden=before + 1, reference_hidden=before)
    # |0 - 2 * 5 * u|^2 = 100, and |(1, 1)|^2 = 2, in squares of 5
    assert float(Rmu(seed=3)(Parts(retain, forget))) == pytest.approx((100 + 2) / 25)


def test_rmu_has_a_unit_direction_of_the_seeds_own():
    one, other = Rmu(1).direction(64), Rmu(2).direction(64)
    assert float(one.norm()) == pytest.approx(1)
    assert torch.equal(one, Rmu(1).direction(64))
    assert not torch.allclose(one, other)


def test_undial_distils_with_the_right_token_made_unlikely():
    before = logits_of(0.9)
    forget = Part(logits_of(0.4), torch.tensor([0]), torch.tensor([0]), reference_logits=before)
    odds = 9 * math.exp(-10)
    right = odds / (1 + odds)
    expected = -(right * math.log(0.4) + (1 - right) * math.log(0.6))
    assert value("undial", Parts(RETAIN, forget)) == pytest.approx(expected, abs=1e-6)


def test_wga_weighs_each_token_by_its_probability():
    weighted = sum(p * math.log(p) for p in (0.5, 0.8, 0.1)) / 3
    assert value("wga", Parts(RETAIN, FORGET)) == pytest.approx(weighted + L_R)


def test_satimp_weighs_by_saturation_and_importance():
    weighted = sum(p**5 * (1 - p) * math.log(p) for p in (0.5, 0.8, 0.1)) / 3
    assert value("satimp", Parts(RETAIN, FORGET)) == pytest.approx(0.1 * weighted + L_R)


@pytest.mark.parametrize(("name", "weight"), [("wga", 0.8), ("satimp", 0.1 * 0.8**5 * 0.2)])
def test_weights_are_constants_for_the_gradient(name, weight):
    logits = logits_of(0.8).requires_grad_()
    forget = Part(logits, torch.tensor([0]), torch.tensor([0]))
    OBJECTIVES.load(name)(Parts(RETAIN, forget)).backward()
    assert float(logits.grad[0, 0]) == pytest.approx(weight * (1 - 0.8), rel=1e-5)


def test_pdu_makes_logits_flat_and_moves_its_multiplier():
    logits = torch.tensor([[4.0, 0.0, 2.0], [1.0, 1.0, 1.0]])
    forget = Part(logits, torch.tensor([1, 0]), torch.tensor([0, 1]))
    flat = ((4 - 2) ** 2 + 0) / 2
    objective = Pdu(bound=0.5)
    above = L_R - 0.5
    assert float(objective(Parts(RETAIN, forget))) == pytest.approx(flat + above)
    assert objective.multiplier == pytest.approx(1 + above)
    assert float(objective(Parts(RETAIN, forget))) == pytest.approx(flat + (1 + above) * above)


def test_pdu_never_rewards_a_higher_retain_loss():
    objective = Pdu(bound=100.0)
    objective(Parts(RETAIN, FORGET))
    assert objective.multiplier == 0


def test_pdu_takes_up_its_multiplier_again():
    one, other = Pdu(0.5), Pdu(0.5)
    one(Parts(RETAIN, FORGET))
    other.restore(one.state())
    assert other.multiplier == one.multiplier != 1


def test_ceu_rules_out_the_right_token():
    logits = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    total = math.e**2 + math.e + 1
    others = [math.e / (math.e + 1), 1 / (math.e + 1)]
    expected = -(others[0] * (1 - math.log(total)) + others[1] * (0 - math.log(total)))
    loss = OBJECTIVES.load("ceu")(Parts(RETAIN, Part(logits, torch.tensor([0]), torch.tensor([0]))))
    assert float(loss.detach()) == pytest.approx(expected)
    loss.backward()
    # the target is a constant: the gradient is softmax minus target
    assert float(logits.grad[0, 0]) == pytest.approx(math.e**2 / total)


def test_mmunlearner_forgets_and_keeps_in_turn():
    objective = MMUnlearner()
    found = []
    for step in range(4):
        objective.before_step(step)
        found.append(float(objective(Parts(RETAIN, FORGET))))
    assert found == pytest.approx([-L_F, L_R, -L_F, L_R])


def test_mmunlearner_masks_only_the_steps_that_forget():
    model = torch.nn.Linear(2, 1, bias=False)
    objective = MMUnlearner({"weight": torch.tensor([[True, False]])})
    kept = []
    for step in range(2):
        objective.before_step(step)
        model.weight.grad = torch.tensor([[3.0, 5.0]])
        objective.after_backward(model)
        kept.append(model.weight.grad.tolist())
    assert kept == [[[3.0, 0.0]], [[3.0, 5.0]]]


BY_LIKELIHOOD = [name for name in UNLEARNING if name != "rmu"]


@pytest.mark.parametrize("name", BY_LIKELIHOOD)
def test_descending_lowers_the_right_answers_of_the_forget_set(name):
    logits = torch.tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)
    wanted, rows = torch.tensor([0, 1]), torch.tensor([0, 1])

    def told(tokens: torch.Tensor) -> Part:
        known = Part(logits, tokens, rows).logprobs().detach()
        return Part(logits, tokens, rows, known, logits.detach())

    kept = Part(RETAIN.logits, RETAIN.wanted, RETAIN.rows, reference_logits=RETAIN.logits)
    before = Part(logits, wanted, rows).logprobs().detach()
    OBJECTIVES.load(name)(Parts(kept, told(wanted), told(1 - wanted))).backward()
    after = Part(logits.detach() - 0.1 * logits.grad, wanted, rows).logprobs()
    assert (after < before).all()


@pytest.mark.parametrize("name", UNLEARNING)
def test_unlearning_without_a_forget_set_is_refused(name):
    with pytest.raises(ValueError, match="forget set"):
        value(name, Parts(RETAIN))


@pytest.mark.parametrize("name", ["npo", "dpo", "kl", "undial", "rmu"])
def test_what_needs_a_reference_is_refused_without_one(name):
    one = part([0.5], [0])
    with pytest.raises(ValueError, match="before unlearning"):
        value(name, Parts(one, one, one))
