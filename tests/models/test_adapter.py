"""Adapters: on the language model alone, and off again without a trace."""

import json
import shutil
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.models.adapters.lora import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    adapter_norm,
    add_adapter,
    load_adapter,
    remove_adapter,
)
from xmm_cli.models.adapters.parts import linear_layers
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.decoding.batching import model_inputs, pad


@pytest.fixture
def ask(fresh_base, people):
    """The logits of a model that is asked about a picture and about a description."""
    persona, folder = people[0]
    conversations = Conversations(fresh_base)
    prompts = [
        conversations.encode(Context(image=folder / persona.images[0].path), "Who is this?"),
        conversations.encode(Context(text=persona.texts[0].text), "Who is this?"),
    ]

    @torch.inference_mode()
    def logits(model) -> list[torch.Tensor]:
        found = []
        for prompt in prompts:
            batch = pad([prompt], fresh_base.tokenizer.pad_token_id, "right")
            inputs = model_inputs(batch, fresh_base.device, fresh_base.model.dtype)
            found.append(model(**inputs).logits.clone())
        return found

    return logits


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def shake(model) -> None:
    """Give the adapter weights that do something."""
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(std=0.1)


def test_the_adapter_is_on_every_linear_layer_of_the_decoder_and_nowhere_else(fresh_base):
    linears = {
        name
        for name, module in fresh_base.model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    decoder = {name for name in linears if ".language_model." in f".{name}."}
    others = linears - decoder
    assert any("vision_tower" in name for name in others)
    assert any("projector" in name for name in others)
    assert set(linear_layers(fresh_base.model, "language")) == decoder

    model = add_adapter(fresh_base, rank=3, alpha=6, dropout=0)
    dressed = {
        name.removeprefix("base_model.model.")
        for name, module in model.named_modules()
        if hasattr(module, "lora_A")
    }
    assert dressed == decoder
    trainable = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert len(trainable) == 2 * len(decoder)
    assert all("lora_" in name for name in trainable)


def test_a_new_adapter_changes_nothing(fresh_base, ask):
    before = ask(fresh_base.model)
    assert same(ask(add_adapter(fresh_base, rank=4, alpha=8, dropout=0).eval()), before)


def test_an_adapter_comes_off_without_a_trace(fresh_base, ask):
    before = ask(fresh_base.model)
    weights = {name: weight.clone() for name, weight in fresh_base.model.state_dict().items()}
    model = add_adapter(fresh_base, rank=4, alpha=8, dropout=0).eval()
    shake(model)
    assert not same(ask(model), before)
    remove_adapter(model)
    assert same(ask(fresh_base.model), before)
    after = fresh_base.model.state_dict()
    assert list(after) == list(weights)
    assert all(torch.equal(after[name], weights[name]) for name in weights)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        remove_adapter(add_adapter(fresh_base, rank=2, alpha=4, dropout=0))
    assert not [one for one in heard if "multiple adapters" in str(one.message)]
    assert not hasattr(fresh_base.model, "peft_config")
    assert same(ask(fresh_base.model), before)


def test_the_norm_is_that_of_lora_b(fresh_base):
    model = add_adapter(fresh_base, rank=1, alpha=2, dropout=0)
    assert adapter_norm(model) == 0
    first, second, *_ = [w for name, w in model.named_parameters() if "lora_B" in name]
    first.data[0], second.data[0] = 3.0, 4.0
    assert adapter_norm(model) == pytest.approx(5)


@pytest.fixture
def folder(checkpoint, tmp_path) -> Path:
    """A copy of a trained checkpoint, for a test to damage."""
    return Path(shutil.copytree(checkpoint.path, tmp_path / "run"))


def refused(base, folder: Path) -> str:
    with pytest.raises(BadData) as caught:
        load_adapter(base, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(folder: Path, change) -> None:
    weights = load_file(folder / ADAPTER_WEIGHTS)
    change(weights)
    save_file(weights, folder / ADAPTER_WEIGHTS)


def test_a_saved_adapter_is_loaded_frozen_or_to_go_on(fresh_base, folder, ask):
    before = ask(fresh_base.model)
    model = load_adapter(fresh_base, folder)
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())
    assert adapter_norm(model) > 0
    assert not same(ask(model), before)
    remove_adapter(model)
    model = load_adapter(fresh_base, folder, trainable=True)
    trainable = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert trainable
    assert all("lora_" in name for name in trainable)


@pytest.mark.parametrize("name", [ADAPTER_CONFIG, ADAPTER_WEIGHTS])
def test_a_folder_without_an_adapter(fresh_base, folder, name):
    (folder / name).unlink()
    with pytest.raises(InputNotFound, match=f"no {name}; is this a checkpoint of xmm train"):
        load_adapter(fresh_base, folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"peft_type": "LORA"}', '{"peft_type": "NOPE"}']
)
def test_a_damaged_configuration(fresh_base, folder, text):
    (folder / ADAPTER_CONFIG).write_text(text)
    assert ADAPTER_CONFIG in refused(fresh_base, folder)


@pytest.mark.parametrize("size", [0, 5, 5000])
def test_torn_weights(fresh_base, folder, size):
    path = folder / ADAPTER_WEIGHTS
    path.write_bytes(path.read_bytes()[:size])
    assert "does not fit xmm-base" in refused(fresh_base, folder)


def test_an_adapter_of_another_width(fresh_base, folder):
    edit(
        folder,
        lambda weights: weights.update({k: w[:, 1:].contiguous() for k, w in weights.items()}),
    )
    assert "does not fit xmm-base" in refused(fresh_base, folder)


def test_an_adapter_for_layers_that_are_not_there(fresh_base, folder):
    config = json.loads((folder / ADAPTER_CONFIG).read_text())
    config["target_modules"] = ["model.language_model.layers.99.mlp.up_proj"]
    (folder / ADAPTER_CONFIG).write_text(json.dumps(config))
    assert "does not fit xmm-base" in refused(fresh_base, folder)


def test_half_an_adapter_is_not_taken_for_a_whole_one(fresh_base, folder):
    edit(folder, lambda weights: [weights.pop(name) for name in list(weights)[1:]])
    assert "the adapter lacks " in refused(fresh_base, folder)


def test_weights_that_have_no_place_are_not_dropped(fresh_base, folder):
    def rename(weights) -> None:
        name = min(weights)
        weights[f"aaa.{name}"] = weights[name].clone()

    edit(folder, rename)
    assert "the adapter has no place for aaa." in refused(fresh_base, folder)
