"""Loading: what there is, said in full; what there is not, refused with the mend."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig

from xmm_cli.errors import Unavailable, WrongUsage
from xmm_cli.models import loading, usable, weights_digest
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.loading import Precision, load_base, location, pick_device

SHIPPED = Path(location("xmm-base"))
WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A base of its own: the shipped one, by links, so that a test may replace any file."""
    made = tmp_path / "base"
    made.mkdir()
    for file in SHIPPED.iterdir():
        (made / file.name).symlink_to(file)
    return made


def put(folder: Path, name: str, data: bytes) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_bytes(data)


def change_weights(folder: Path, change) -> None:
    weights = load_file(SHIPPED / WEIGHTS)
    change(weights)
    (folder / WEIGHTS).unlink()
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})


def some_layer(weights) -> str:
    return next(name for name in sorted(weights) if name.endswith("mlp.down_proj.weight"))


def refusal(name: object) -> str:
    with pytest.raises(Unavailable) as caught:
        load_base(str(name), "cpu")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_base_is_ready_to_ask(base):
    assert base.name == "xmm-base"
    assert not base.model.training
    assert not any(weight.requires_grad for weight in base.model.parameters())
    assert {weight.dtype for weight in base.model.parameters()} == {torch.float32}
    assert base.device == torch.device("cpu")
    assert base.tokenizer.decode(base.tokenizer("Ann Lee").input_ids).strip() == "Ann Lee"


def test_a_tokenizer_without_a_pad_token_pads_with_another(base):
    def padded_by(pad, eos):
        tokenizer = SimpleNamespace(pad_token_id=pad, eos_token_id=eos)
        return replace(base, processor=SimpleNamespace(tokenizer=tokenizer)).pad_token_id

    assert base.pad_token_id == base.tokenizer.pad_token_id
    assert padded_by(0, 8) == 0
    assert padded_by(None, 8) == 8
    assert padded_by(None, None) == 0


def test_a_folder_is_a_base_too(folder, base):
    found = load_base(str(folder), "cpu")
    assert found.name == str(folder)
    assert found.revision == base.revision


def test_the_revision_is_that_of_the_weights(folder, base):
    put(folder, "README.md", b"a word more")
    assert load_base(str(folder), "cpu").revision == base.revision
    change_weights(folder, lambda weights: weights[some_layer(weights)].mul_(1.01))
    assert load_base(str(folder), "cpu").revision != base.revision


def test_edges_and_samples_of_large_weights_tell_them_apart(folder, monkeypatch):
    monkeypatch.setattr(weights_digest, "_WHOLE_FILE", 1000)
    monkeypatch.setattr(weights_digest, "_EDGE", 500)
    monkeypatch.setattr(weights_digest, "_SAMPLE", 10)
    put(folder, WEIGHTS, b"a" * 3000)
    before = loading.revision_of(str(folder))
    within = b"a" * 1500 + b"b" * 100 + b"a" * 1400
    for data in (b"b" + b"a" * 2999, b"a" * 2999 + b"b", b"a" * 3001, within):
        put(folder, WEIGHTS, data)
        assert loading.revision_of(str(folder)) != before
    put(folder, WEIGHTS, b"a" * 3000)
    assert loading.revision_of(str(folder)) == before


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """A snapshot of a model in a cache of the hub's, which holds nothing else."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    home, commit = tmp_path / "models--some--model", "0" * 40
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(commit)
    snapshot = home / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for file in SHIPPED.iterdir():
        (snapshot / file.name).symlink_to(file)
    return snapshot


def test_a_model_of_the_hub_has_the_revision_of_its_weights(hub, base):
    assert load_base("some/model", "cpu").revision == base.revision
    put(hub, "consolidated.safetensors", b"what transformers does not read")
    assert load_base("some/model", "cpu").revision == base.revision
    change_weights(hub, lambda weights: weights[some_layer(weights)].mul_(1.01))
    assert load_base("some/model", "cpu").revision != base.revision


@pytest.mark.parametrize("name", ["xmm-bas", "XMM-base", "xmm_base"])
def test_a_near_miss_is_guessed(name):
    shipped = "xmm-base-bare, xmm-base-xs, xmm-base-s, xmm-base, xmm-smollm2-bare"
    assert refusal(name) == (
        f"no base {name!r}; did you mean xmm-base? known: {shipped}; or a folder, or a hub id"
    )


@pytest.mark.parametrize("name", ["qqq", "./nowhere/base", "/nowhere", "a/b/c", "~/models"])
def test_what_is_no_name_is_never_looked_for(name, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    said = refusal(name)
    assert "did you mean" not in said
    if name == "/nowhere":
        assert said.startswith("base '/nowhere': no such folder; was it moved?")
    else:
        assert said.startswith(f"no base {name!r}; known: xmm-base")


def test_a_hub_id_that_cannot_be_had():
    assert refusal("nobody/nothing").startswith("base 'nobody/nothing' cannot be loaded: ")


def test_a_folder_that_is_no_model(tmp_path):
    assert refusal(tmp_path).endswith(
        "the folder has no config.json; give a shipped name, a folder of a saved model or a hub id"
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b"\xff\xfe"),
        ("config.json", b'{"model_type": "llama"}'),
        ("config.json", b'{"model_type": "unheard-of"}'),
        ("tokenizer.json", b"{}"),
        ("processor_config.json", b"{"),
        (WEIGHTS, b""),
        (WEIGHTS, b"\0" * 1000),
        (WEIGHTS, (SHIPPED / WEIGHTS).read_bytes()[:100_000]),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value[:20]),
)
def test_a_damaged_file_is_no_defect_of_xmm(folder, name, data):
    put(folder, name, data)
    assert "cannot be loaded: " in refusal(folder)


@pytest.mark.parametrize("name", [WEIGHTS, "tokenizer.json", "processor_config.json"])
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    assert "cannot be loaded: " in refusal(folder)


def test_pickled_weights_are_not_read(folder):
    (folder / WEIGHTS).unlink()
    torch.save(load_file(SHIPPED / WEIGHTS), folder / "pytorch_model.bin")
    assert "cannot be loaded: " in refusal(folder)


def test_a_model_with_holes_is_not_filled_with_random_numbers(folder):
    change_weights(folder, lambda weights: weights.pop(some_layer(weights)))
    said = refusal(folder)
    assert "its file of weights has no " in said
    assert "down_proj.weight (1 such); is the folder whole" in said


def test_a_weight_of_another_shape(folder):
    def halve(weights) -> None:
        name = some_layer(weights)
        weights[name] = weights[name][:, ::2].contiguous()

    change_weights(folder, halve)
    assert "its file of weights has another shape of " in refusal(folder)


def test_a_base_without_a_chat_template_is_asked_plainly(folder):
    (folder / "chat_template.jinja").unlink()
    conversations = Conversations(load_base(str(folder), "cpu"))
    found = conversations.encode(Context(text="A person."), "Who is this?", "Ann Lee")
    words = conversations.base.tokenizer
    written = f"A person. Who is this?\nAnn Lee{words.eos_token}"
    assert found.ids[-len(words(written, add_special_tokens=False).input_ids) :] == (
        words(written, add_special_tokens=False).input_ids
    )


def test_a_model_that_needs_code_of_its_own_is_refused(folder):
    config = {"model_type": "unheard-of", "auto_map": {"AutoConfig": "code.Config"}}
    put(folder, "config.json", json.dumps(config).encode())
    (folder / "code.py").write_text("raise SystemExit('this ran')")
    assert "needs code from its own repository, and xmm runs none" in refusal(folder)


def test_what_stands_beside_known_code_does_not_matter(folder):
    config = json.loads((SHIPPED / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "code.Config"}
    put(folder, "config.json", json.dumps(config).encode())
    assert load_base(str(folder), "cpu").name == str(folder)


def test_without_a_network_it_says_how_to_get_a_model():
    assert "HF_HUB_OFFLINE is set: first hf download nobody/nothing" in refusal("nobody/nothing")


def test_torchvision_that_cannot_be_imported_is_named():
    with (
        pytest.raises(Unavailable, match=r"torchvision is installed .* uninstall it"),
        usable.broken_torchvision(),
    ):
        raise RuntimeError("operator torchvision::nms does not exist")
    with pytest.raises(RuntimeError, match="other"), usable.broken_torchvision():
        raise RuntimeError("other")


@pytest.mark.parametrize(
    ("dtype", "found"),
    [(None, "float32"), ("auto", "float32"), ("float32", "float32"), ("bfloat16", "bfloat16")],
)
def test_the_numbers_that_were_asked_for(dtype, found):
    base = load_base("xmm-base-xs", "cpu", Precision(dtype))
    assert base.model.dtype == getattr(torch, found)


def test_packed_weights_need_cuda_and_bitsandbytes(monkeypatch):
    with pytest.raises(Unavailable, match="--quantize 4bit on cpu; it needs CUDA"):
        load_base("xmm-base-xs", "cpu", Precision(quantize="4bit"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"needs bitsandbytes; pip install 'xmm-cli\[quantize"):
        loading._options(Precision(quantize="4bit"), torch.device("cuda"))


def test_a_precision_is_that_of_the_checkpoint():
    assert Precision.of({"dtype": "bfloat16", "quantize": "4bit"}) == Precision("bfloat16", "4bit")
    assert Precision.of({"dtype": None, "rank": 3}) == Precision()


def test_a_packing_can_be_left_off():
    trained = Precision("float32", "4bit")
    assert Precision().over(trained) == trained
    assert Precision("auto", "none").over(trained) == Precision("auto")
    assert Precision("auto").unlike(trained) == {"dtype": "auto", "quantize": "none"}
    assert Precision("auto").unlike(Precision()) == {}
    assert trained.unlike(Precision()) == {"dtype": "float32", "quantize": "4bit"}


def test_nothing_is_trained_in_float16():
    saved = AutoConfig.from_pretrained(SHIPPED)
    saved.dtype = torch.float16
    gpu = torch.device("cuda")
    assert loading._options(Precision(), gpu, saved) == {"dtype": torch.bfloat16}
    assert loading._options(Precision(), gpu) == {"dtype": "auto"}
    assert loading._options(Precision("float32"), gpu, saved) == {"dtype": torch.float32}


@pytest.mark.parametrize("kind", ["blip", "florence2", "mllama", "pix2struct", "t5gemma2", "git"])
def test_a_kind_that_cannot_be_used_is_refused(folder, kind):
    put(folder, "config.json", json.dumps({"model_type": kind}).encode())
    assert "xmm cannot use " in refusal(folder)


def test_nothing_is_downloaded_for_the_shipped_base(tmp_path, monkeypatch):
    """A folder of the same name does not stand in for it either."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "xmm-base", ignore=shutil.ignore_patterns("*"))
    assert load_base("xmm-base", "cpu").name == "xmm-base"


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta"])
def test_what_is_no_device_is_wrong_usage(name):
    with pytest.raises(WrongUsage, match="try cpu, cuda, cuda:1 or mps"):
        pick_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "vulkan", "xpu", "mps"])
def test_a_device_that_is_not_there(name, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(Unavailable, match=f"no {name} device .*leave --device out"):
        pick_device(name)


def test_without_a_name_there_is_a_device():
    assert pick_device(None) == pick_device("auto")
    assert pick_device("cpu") == torch.device("cpu")
