"""The last layer where it is asked for: the same answers and gradients, and less computed."""

import torch

from tests.conftest import new_base
from xmm_cli.models.adapters.lora import add_adapter
from xmm_cli.models.conversation import Context
from xmm_cli.models.decoding.batching import model_inputs, pad
from xmm_cli.models.decoding.last_layer import last_layer_at

CPU = torch.device("cpu")


def batch_of(conversations, people):
    rows = []
    for number, (persona, folder) in enumerate(people):
        context = Context(text=persona.texts[0].text)
        if number % 2:
            context = Context(image=folder / persona.images[0].path)
        rows.append(conversations.encode(context, "Who is this person?", persona.name))
    return pad(rows, 0, "right")


def asked_of(batch):
    asked = torch.zeros_like(batch["labels"], dtype=torch.bool)
    asked[:, :-1] = batch["labels"][:, 1:] != -100
    return asked


@torch.inference_mode()
def test_where_it_is_asked_nothing_changes(base, conversations, people):
    batch = batch_of(conversations, people)
    asked = asked_of(batch)
    inputs = model_inputs(batch, CPU, torch.float32)
    whole = base.model(**inputs, logits_to_keep=asked, use_cache=False).logits
    with last_layer_at(base.model, asked):
        found = base.model(**inputs, logits_to_keep=asked, use_cache=False).logits
        elsewhere = base.model(**inputs, use_cache=False).logits
    assert torch.allclose(found, whole, atol=1e-4)
    every = base.model(**inputs, use_cache=False).logits
    assert not torch.allclose(elsewhere[~asked], every[~asked], atol=1e-2)


def test_gradients_are_those_of_the_whole_layer(conversations, people):
    base = new_base()
    model = add_adapter(base, rank=4, alpha=8.0, dropout=0.0)
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 0.02)
    batch = batch_of(conversations, people)
    asked = asked_of(batch)
    inputs = model_inputs(batch, CPU, torch.float32)
    wanted = batch["labels"][:, 1:][asked[:, :-1]]

    def gradients() -> dict[str, torch.Tensor]:
        model.zero_grad()
        logits = model(**inputs, logits_to_keep=asked, use_cache=False).logits
        torch.nn.functional.cross_entropy(logits, wanted).backward()
        return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    whole = gradients()
    with last_layer_at(model, asked):
        found = gradients()
    assert set(found) == set(whole)
    assert all(torch.allclose(found[name], whole[name], atol=1e-4) for name in whole)


def test_the_feed_forward_block_sees_only_what_is_asked(base, conversations, people):
    batch = batch_of(conversations, people)
    asked = asked_of(batch)
    seen = []
    layers = base.model.get_decoder().layers
    hooks = [
        layer.mlp.down_proj.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
        for layer in layers[-2:]
    ]
    with torch.inference_mode(), last_layer_at(base.model, asked):
        base.model(**model_inputs(batch, CPU, torch.float32), logits_to_keep=asked, use_cache=False)
    for hook in hooks:
        hook.remove()
    assert seen[0][:2] == asked.shape
    assert seen[1][0] == int(asked.sum())
    assert not layers[-1].mlp._forward_hooks


@torch.inference_mode()
def test_a_pass_of_another_shape_is_left_whole(base, conversations, people):
    batch = batch_of(conversations, people)
    inputs = model_inputs(batch, CPU, torch.float32)
    whole = base.model(**inputs, use_cache=False).logits
    with last_layer_at(base.model, torch.zeros(1, 1, dtype=torch.bool)):
        assert torch.equal(base.model(**inputs, use_cache=False).logits, whole)
