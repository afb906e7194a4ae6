"""The parts that teach a pretrained language model to see, each by itself."""

import random

import pytest
import torch
from torch import nn

from xmm_cli.models.put_together import add_delta, content_digest
from xmm_cli.personas.sampling import random_look, sample_identities
from xmm_cli.pretraining.corpus import PretrainingExample
from xmm_cli.pretraining.graft import FEATURE_SCALE, parts_to_ship
from xmm_cli.pretraining.recipe import GRAFTS
from xmm_cli.pretraining.talk import distant_figures, measured_names, turns_about
from xmm_cli.pretraining.teach import Lesson, examples_of, teach
from xmm_cli.pretraining.temporary_lora import SCALE, add_lora

LESSON = Lesson("toy", 120, 2, {"all": 1e-2}, warmup=4)


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(6, 5, bias=False), nn.Linear(5, 4, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(x)))


def sample(index: int) -> PretrainingExample:
    rng = random.Random(index)
    length = rng.randrange(1, 9)
    return PretrainingExample([rng.randrange(100) for _ in range(length)], [0] * length, None)


def collate(examples):
    return {"x": torch.tensor([[float(sum(one.ids) % 7), len(one.ids)] for one in examples])}


class Toy(nn.Module):
    def __init__(self, stop: int | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.calls, self.stop = 0, stop

    def forward(self, x: torch.Tensor):
        if self.calls == self.stop:
            raise KeyboardInterrupt
        self.calls += 1
        return {"loss": ((x @ self.weight - 1) ** 2).mean()}


def learn(module: Toy, place) -> torch.Tensor:
    teach(LESSON, module, {"all": {"weight": module.weight}}, sample, collate, place)
    return module.weight.detach().clone()


def test_an_interrupted_run_ends_as_one_that_was_not(tmp_path):
    whole = learn(Toy(), tmp_path / "whole")
    assert not torch.equal(whole, torch.ones(2))
    with pytest.raises(KeyboardInterrupt):
        learn(Toy(stop=70), tmp_path / "cut")
    resumed = Toy()
    assert torch.equal(learn(resumed, tmp_path / "cut"), whole)
    assert resumed.calls == LESSON.steps - 50


def test_every_sample_is_met_once_and_batches_are_of_like_length():
    steps = [examples_of(LESSON, sample, step) for step in range(8)]
    met = sorted(tuple(one.ids) for step in steps for one in step)
    assert met == sorted(tuple(sample(index).ids) for index in range(16))
    assert steps == [examples_of(LESSON, sample, step) for step in range(8)]


def test_a_delta_starts_at_nothing_and_goes_into_the_weights():
    plain, taught = Decoder(), Decoder()
    x = torch.randn(3, 2, 6)
    layers = add_lora(taught, seed=0)
    assert set(layers) == {"first", "second"}
    assert torch.equal(taught(x), plain(x))
    tensors = {}
    for name, layer in layers.items():
        nn.init.normal_(layer.b, std=0.1)
        tensors |= {f"delta.{name}.a": layer.a.detach(), f"delta.{name}.b": layer.b.detach()}
    taught(x).sum().backward()
    assert layers["first"].a.grad is not None
    assert layers["first"].layer.weight.grad is None
    add_delta(plain, tensors, SCALE)
    assert torch.allclose(plain(x), taught(x), atol=2e-2)
    assert not torch.allclose(plain(x), Decoder()(x), atol=2e-2)


def test_what_ships_takes_features_as_the_tower_gives_them():
    first = torch.randn(5, 4).to(torch.bfloat16).float()
    shipped = parts_to_ship({"projector.linear_1.weight": first})
    features = torch.randn(2, 4)
    weight = shipped["projector.linear_1.weight"]
    assert weight.dtype == torch.bfloat16
    assert torch.equal(features @ weight.float().T, features * FEATURE_SCALE @ first.T)


def test_the_digest_knows_values_and_not_names_or_order():
    one, other = torch.arange(4.0), torch.ones(2, 2, dtype=torch.bfloat16)
    assert content_digest([one, other]) == content_digest([other, one])
    assert content_digest([one, other]) != content_digest([one, other + 1])
    assert content_digest([one.reshape(2, 2), other]) != content_digest([one, other])


def test_names_to_copy_are_nobodys_whom_experiments_measure():
    measured = {person.name for seed in (0, 7, 30) for person in sample_identities(32, 8, seed)}
    assert measured <= measured_names()
    rng = random.Random(1)
    copied = set()
    for _ in range(300):
        for question, answer in turns_about(random_look(rng, measurable=False), rng, 4):
            if question.startswith("Their name is"):
                assert answer in question
                copied.add(answer)
    assert len(copied) > 20
    assert not copied & measured_names()


def test_figures_look_like_nobody_who_is_measured():
    figures = distant_figures(GRAFTS["xmm-smollm2"].figures)
    assert len(figures) == 64
    for seed in range(10):
        for person in sample_identities(32, 0, seed):
            for figure in figures:
                pairs = zip(figure.attributes.values(), person.attributes.values(), strict=True)
                assert sum(one != other for one, other in pairs) >= 3


def test_a_training_that_goes_on_is_as_one_that_never_stopped(tmp_path):
    import torch

    from xmm_cli.pretraining.teach import _keep, _restore

    def build():
        torch.manual_seed(0)
        model = torch.nn.Linear(4, 3)
        groups = [{"params": [one], "lr": 0.1} for one in model.parameters()]
        return list(model.parameters()), model, torch.optim.AdamW(groups)

    def step(model, optimizer, seed):
        torch.manual_seed(seed)
        optimizer.zero_grad()
        model(torch.randn(5, 4)).pow(2).mean().backward()
        optimizer.step()

    parameters, model, optimizer = build()
    for seed in range(3):
        step(model, optimizer, seed)
    _keep(tmp_path / "kept.safetensors", 3, parameters, optimizer)
    others, other, second = build()
    assert _restore(tmp_path / "kept.safetensors", others, second) == 3
    for seed in range(3, 6):
        step(model, optimizer, seed)
        step(other, second, seed)
    assert all(torch.equal(*pair) for pair in zip(parameters, others, strict=True))
