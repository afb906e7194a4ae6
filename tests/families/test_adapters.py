"""What is trained, and where: every kind of adapter in every part, through the commands."""

import json

import pytest
import torch
from safetensors.torch import load_file

from tests.families.test_commands import FEW, QUICK, SHORT, of_kind, told, two
from tests.families.tiny import save
from xmm_cli.models.adapters.lora import (
    ADAPTER_WEIGHTS,
    WHOLE_WEIGHTS,
    adapter_norm,
    add_adapter,
    load_adapter,
    remove_adapter,
    spare_memory,
)
from xmm_cli.models.adapters.parts import belongs, language_path, linear_layers, sees_anew
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.decoding.batching import answer_logits, pad
from xmm_cli.models.loading import load_base

__all__ = ["two"]

PARTS = ("language", "projector", "vision+projector")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save("llava", tmp_path_factory.mktemp("family") / "llava")


@pytest.fixture
def own(folder):
    return load_base(str(folder), "cpu")


def test_the_parts_are_all_there_is(own):
    language, projector, seen = (belongs(own.model, part) for part in PARTS)
    assert language | seen == {name for name, _ in own.model.named_parameters()}
    assert not language & seen
    assert projector < seen
    assert all("multi_modal_projector" in name for name in projector)
    assert any("vision_tower" in name for name in seen)
    inside = f"{language_path(own.model)}."
    assert all(name.startswith(inside) for name in linear_layers(own.model, "language"))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", ["lora", "dora", "full"])
def test_all_kinds_in_all_parts(xmm, folder, two, tmp_path, kind, part):
    """Trained, loaded, told apart from the base, unlearned, and the base as it was."""
    how = ["--adapter", kind, "--train", part]
    few = QUICK if kind == "full" else FEW
    words = ["--source", "image", "--views", 1, *few, *how, "--lr", 0.05, "--out", "run"]
    (row,) = of_kind(told(xmm("train", two, "--base", folder, *words)), "checkpoint")
    assert (row["arguments"]["adapter"], row["arguments"]["train"]) == (kind, part)

    base = load_base(str(folder), "cpu")
    saved = load_file(tmp_path / "run" / (WHOLE_WEIGHTS if kind == "full" else ADAPTER_WEIGHTS))
    names = {name.removeprefix("base_model.model.").partition(".lora_")[0] for name in saved}
    if kind == "full":
        assert names == belongs(base.model, part)
        assert not (tmp_path / "run" / ADAPTER_WEIGHTS).exists()
    else:
        assert names == set(linear_layers(base.model, part))
        assert any("magnitude" in name for name in saved) == (kind == "dora")

    before = {name: weight.clone() for name, weight in base.model.state_dict().items()}
    model = load_adapter(base, tmp_path / "run")
    assert sees_anew(base.model) == (part != "language")
    assert adapter_norm(model) > 0
    remove_adapter(model)
    assert not sees_anew(base.model)
    after = base.model.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())

    answers = of_kind(told(xmm("probe", "run", "--untrained", "-m", "image", *SHORT)), "probe")
    bare, trained = answers[:2], answers[2:]
    assert [one["logprob"] for one in bare] != [one["logprob"] for one in trained]
    usual = {"adapter": "lora", "train": "language"}
    labels = {"adapter": kind, "train": part}
    assert {name: trained[0]["condition"].get(name, usual[name]) for name in labels} == labels

    words = ["--forget", 1, "--gate", 0, "--steps", 2, "--batch-size", 2, "--out", "gone"]
    (row,) = of_kind(told(xmm("unlearn", "run", *words)), "checkpoint")
    assert (row["arguments"]["adapter"], row["arguments"]["train"]) == (kind, part)
    assert len(of_kind(told(xmm("probe", "gone", "-m", "image", *SHORT)), "probe")) == 2


def test_training_what_sees_changes_what_is_seen(own, people):
    """No features are kept while the tower learns, and they are the base's again afterwards."""
    persona, folder = people[0]
    seen = Context(image=folder / persona.images[0].path)
    conversations = Conversations(own)

    def logits():
        row = conversations.encode(seen, "Who is this?", "Ann Lee")
        return answer_logits(own.model, pad([row], 0, "right"), own.device, torch.float32)[0]

    with torch.inference_mode():
        before = logits()
    model = add_adapter(own, rank=2, alpha=4, dropout=0, kind="full", part="projector")
    logits().sum().backward()
    trained = [one for one in model.parameters() if one.requires_grad]
    assert trained
    assert all(one.grad is not None and one.grad.any() for one in trained)
    with torch.no_grad():
        trained[0].add_(0.5)
        assert not torch.allclose(logits(), before, atol=1e-3)
        remove_adapter(model)
        assert torch.equal(logits(), before)


def test_less_memory_gives_the_same_gradients(folder, people):
    persona, origin = people[0]
    found = []
    for spared in (False, True):
        own = load_base(str(folder), "cpu")
        torch.manual_seed(0)
        model = add_adapter(own, rank=2, alpha=4, dropout=0)
        if spared:
            spare_memory(model)
        model.train()
        context = Context(image=origin / persona.images[0].path)
        row = Conversations(own).encode(context, "Who is this?", "Ann Lee")
        batch = pad([row], 0, "right")
        answer_logits(model, batch, own.device, torch.float32)[0].logsumexp(-1).sum().backward()
        found.append([w.grad for w in model.parameters() if w.grad is not None])
    assert len(found[0]) > 4
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))


def test_what_does_not_go_together(xmm, folder, two, tmp_path):
    words = ["train", two, "--base", folder, "--out", "run"]
    xmm(*words, "--adapter", "full", "--quantize", "4bit").failed(2, "packed weights cannot be")
    xmm(*words, "--train", "projector", "--source", "text").failed(2, "no description passes")
    xmm(*words, "--quantize", "4bit").failed(69, "--quantize 4bit on cpu; it needs CUDA")
    half = ["--adapter", "full", "--dtype", "bfloat16"]
    xmm(*words, *half).failed(2, "full in bfloat16: it would round", "--dtype float32")
    gemma = save("gemma3", tmp_path / "gemma3")
    words = ["train", two, "--base", gemma, "--out", "run", "--source", "image"]
    xmm(*words, "--train", "projector").failed(
        2, "no linear layer", "--adapter full trains its weights"
    )


def test_half_precision_is_recorded_and_probed(xmm, folder, two):
    words = ["--dtype", "bfloat16", "--gradient-checkpointing", "--views", 1, *FEW]
    result = xmm("train", two, "--base", folder, "--source", "both", *words, "--out", "run")
    (row,) = of_kind(told(result), "checkpoint")
    assert row["arguments"]["dtype"] == "bfloat16"
    assert row["arguments"]["gradient_checkpointing"] is True
    asked = ["--untrained", *SHORT]
    own, exact = (
        of_kind(told(xmm("probe", "run", *asked, *more)), "probe")
        for more in ((), ("--dtype", "float32"))
    )
    bare, bare_exact = own.pop(0), exact.pop(0)
    assert bare["checkpoint"] is bare_exact["checkpoint"] is None
    assert bare["condition"]["dtype"] == "bfloat16"
    own, exact = ([row for row in rows if row["checkpoint"]] for rows in (own, exact))
    assert bare_exact["condition"]["dtype"] == exact[0]["condition"]["dtype"] == "float32"
    assert own[0]["condition"]["dtype"] == "bfloat16"
    assert own[0]["logprob"] != exact[0]["logprob"]
    assert own[0]["logprob"] == pytest.approx(exact[0]["logprob"], rel=0.1)


def test_damaged_weights(xmm, folder, two, tmp_path):
    words = ["--adapter", "full", "--train", "projector", "--views", 1, *QUICK, "--out", "run"]
    told(xmm("train", two, "--base", folder, "--source", "image", *words))
    file = tmp_path / "run" / WHOLE_WEIGHTS
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    xmm("probe", "run").failed(65, "cannot be read")
    header = int.from_bytes(whole[:8], "little")
    names = json.loads(whole[8 : 8 + header])
    name = next(one for one in names if one != "__metadata__")
    file.write_bytes(whole.replace(name.encode(), b"x" * len(name)))
    xmm("probe", "run").failed(65, "does not fit")
