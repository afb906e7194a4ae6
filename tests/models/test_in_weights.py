"""An adapter in the weights answers as one beside them, and leaves nothing behind."""

import pytest
import torch

from tests.conftest import new_base
from xmm_cli.models.adapters.lora import add_adapter, remove_adapter
from xmm_cli.models.adapters.merged import merged

IDS = torch.arange(5, 25)[None]


@pytest.fixture
def adapted():
    base = new_base()
    before = {name: weight.clone() for name, weight in base.model.state_dict().items()}
    model = add_adapter(base, rank=4, alpha=8.0, dropout=0.0).eval()
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 0.05)
    return base, before, model


def weight_of(model) -> torch.Tensor:
    """A weight that has an adapter beside it."""
    layers = model.base_model.model.get_decoder().layers
    return layers[0].mlp.up_proj.base_layer.weight


@torch.inference_mode()
def test_answers_are_the_same(adapted):
    _, _, model = adapted
    beside = model(input_ids=IDS).logits
    with merged(model):
        inside = model(input_ids=IDS).logits
    assert torch.allclose(inside, beside, atol=1e-3)
    assert torch.equal(model(input_ids=IDS).logits, beside)
    with model.disable_adapter():
        assert not torch.allclose(model(input_ids=IDS).logits, beside, atol=1e-1)


def test_the_base_is_as_before_to_the_last_bit(adapted):
    base, before, model = adapted
    with merged(model):
        held = weight_of(model).clone()
    assert not torch.equal(held, weight_of(model))
    remove_adapter(model)
    after = base.model.state_dict()
    assert set(after) == set(before)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_after_a_failure_too(adapted):
    _, _, model = adapted
    kept = weight_of(model).clone()
    with pytest.raises(RuntimeError), merged(model):
        raise RuntimeError
    assert torch.equal(weight_of(model), kept)


def test_what_rounds_or_is_large_stays_beside(adapted, monkeypatch):
    _, _, model = adapted
    kept = weight_of(model).clone()
    monkeypatch.setattr("xmm_cli.models.adapters.merged.MOST_BYTES", 10)
    with merged(model):
        assert torch.equal(weight_of(model), kept)
    monkeypatch.undo()
    model.to(torch.bfloat16)
    kept = weight_of(model).clone()
    with merged(model):
        assert torch.equal(weight_of(model), kept)


def test_a_bare_model_is_left_alone(base):
    with merged(base.model):
        pass
