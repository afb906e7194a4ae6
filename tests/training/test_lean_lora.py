"""LoRA computed leanly: peft's numbers and gradients, and peft's own way where something is odd."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from xmm_cli.models.adapters.fused import lean_lora

NARROW, WIDE, RANK = 12, 20, 3


class Two(torch.nn.Module):
    """Two linear layers, of which the first has a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(NARROW, WIDE)
        self.second = torch.nn.Linear(WIDE, NARROW, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`x` float `(…, NARROW)`."""
        return self.second(torch.tanh(self.first(x)))


def adapted(**options):
    torch.manual_seed(0)
    config = LoraConfig(r=RANK, lora_alpha=5, target_modules=["first", "second"], **options)
    model = get_peft_model(Two(), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_()
    return model


def learned(model, x):
    """What the model gives, and every gradient, that of what it was given too."""
    x = x.clone().requires_grad_()
    model.zero_grad()
    torch.manual_seed(1)
    told = model(x)
    told.square().sum().backward()
    return {"told": told.detach(), "x": x.grad} | {
        name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None
    }


def leanly(model, x):
    """The same inside the block, and how many layers were computed leanly."""
    seen = []
    with lean_lora(model):
        found = learned(model, x)
        told = model(x).grad_fn
    while told is not None:
        seen.append(type(told).__name__)
        told = next((above for above, _ in told.next_functions if above is not None), None)
    return found, sum("Lean" in name for name in seen)


@pytest.mark.parametrize("shape", [(4,), (2, 5), (2, 3, 4), (0,)])
def test_numbers_and_gradients_are_those_of_peft(shape):
    model, x = adapted(), torch.randn(*shape, NARROW)
    plain, (lean, layers) = learned(model, x), leanly(model, x)
    assert layers == 2
    assert plain.keys() == lean.keys()
    for name, tensor in plain.items():
        assert torch.allclose(lean[name], tensor, rtol=1e-4, atol=1e-4), name


def test_gradients_are_those_of_difference_quotients():
    model = adapted().double()
    with lean_lora(model):
        x = torch.randn(3, NARROW, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(model, (x,))


ODD = {
    "dropout": {"lora_dropout": 0.5},
    "dora": {"use_dora": True},
    "a bias of its own": {"lora_bias": True},
}


@pytest.mark.parametrize("options", ODD.values(), ids=ODD)
def test_what_is_odd_goes_the_way_of_peft(options):
    model, x = adapted(**options), torch.randn(6, NARROW)
    plain, (lean, layers) = learned(model, x), leanly(model, x)
    assert layers == 0
    assert all(torch.equal(lean[name], tensor) for name, tensor in plain.items())


def test_base_weights_that_learn_too_go_the_way_of_peft():
    model, x = adapted(), torch.randn(6, NARROW)
    model.base_model.model.first.base_layer.requires_grad_(True)
    plain, (lean, layers) = learned(model, x), leanly(model, x)
    assert layers == 1
    assert any("first.base_layer.weight" in name for name in lean)
    assert plain.keys() == lean.keys()


def test_what_a_layer_gives_may_be_changed_in_place():
    model, x = adapted(), torch.randn(2, 6, NARROW)
    model.base_model.model.first.register_forward_hook(lambda *given: given[-1].clamp_(-0.5, 0.5))
    plain, (lean, layers) = learned(model, x), leanly(model, x)
    assert layers == 2
    for name, tensor in plain.items():
        assert torch.allclose(lean[name], tensor, rtol=1e-4, atol=1e-4), name


def test_another_precision_goes_the_way_of_peft():
    model = adapted()
    for layer in (model.base_model.model.first, model.base_model.model.second):
        layer.base_layer.to(torch.bfloat16)
    _, layers = leanly(model, torch.randn(6, NARROW, dtype=torch.bfloat16))
    assert layers == 0


def test_an_adapter_that_is_off_stays_off():
    model, x = adapted(), torch.randn(6, NARROW)
    with model.disable_adapter():
        bare = model(x)
    with lean_lora(model), model.disable_adapter():
        assert torch.equal(model(x), bare)
        assert not torch.allclose(bare, x.new_zeros(6, NARROW))


def test_the_active_adapter_of_two_is_the_one_that_counts():
    model, x = adapted(), torch.randn(6, NARROW)
    model.add_adapter("other", LoraConfig(r=2, lora_alpha=4, target_modules=["first", "second"]))
    with lean_lora(model):
        first = model(x)
        model.set_adapter("other")
        fresh = model(x)
    with model.disable_adapter():
        assert torch.allclose(fresh, model(x), atol=1e-5)
    assert not torch.allclose(first, fresh, atol=1e-2)


def test_peft_has_its_layers_back_afterwards():
    model, x = adapted(), torch.randn(6, NARROW)
    before = learned(model, x)
    with pytest.raises(KeyError), lean_lora(model):
        raise KeyError
    assert "forward" not in vars(model.base_model.model.first)
    assert all(torch.equal(before[name], one) for name, one in learned(model, x).items())
