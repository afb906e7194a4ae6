"""What vLLM is asked for, by a stand-in that notes it: vLLM itself cannot be installed here."""

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import msgspec
import pytest

from xmm_cli.errors import Unavailable, WrongUsage
from xmm_cli.models.adapters.lora import ADAPTER_CONFIG
from xmm_cli.models.conversation import Context
from xmm_cli.models.loading import Precision
from xmm_cli.probing import vllm
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.questions import Scope, make_questions

SETTINGS = ProbeSettings(answers=("generate",))


@pytest.fixture
def engine(monkeypatch) -> SimpleNamespace:
    """What was given to the engine when it was made, and what it was asked."""
    noted = SimpleNamespace(made=[], asked=[])

    class LLM:
        def __init__(self, **options):
            noted.made.append(options)

        def generate(self, prompts, sampling, lora_request, use_tqdm):
            noted.asked += prompts
            return [SimpleNamespace(outputs=[SimpleNamespace(text=" Ann Lee ")]) for _ in prompts]

    for name, fields in {
        "vllm": {"LLM": LLM, "SamplingParams": SimpleNamespace},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": lambda *given: given},
    }.items():
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(fields)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(vllm, "_engines", {})
    return noted


def ask(people, checkpoint=None, precision=None):
    questions = list(make_questions(people, Scope(views=1)))
    found = vllm.probe_by_vllm(
        "xmm-base", checkpoint, [questions], SETTINGS, run="r", precision=precision or Precision()
    )
    return questions, [row for rows in found for row in rows]


def test_it_is_given_the_tokens_that_every_other_engine_reads(engine, people, conversations):
    questions, rows = ask(people)
    assert {row.answer for row in rows} == {"Ann Lee"}
    assert {row.condition["engine"] for row in rows} == {"vllm"}
    for question, prompt in zip(questions, engine.asked, strict=True):
        ids, context = prompt["prompt_token_ids"], question.context
        if context.image is None:
            assert ids == conversations.encode(context, question.asked.question).ids
            assert "multi_modal_data" not in prompt
        else:
            mark = conversations.base.tokenizer.convert_tokens_to_ids("<image>")
            plain = conversations.encode(Context(), question.asked.question).ids
            assert [one for one in ids if one != mark] == plain
            assert ids.count(mark) == 1
            assert prompt["multi_modal_data"]["image"].mode == "RGB"


def test_the_engine_is_made_for_the_numbers_and_the_rank(engine, people, checkpoint):
    ask(people, checkpoint, Precision("bfloat16"))
    assert (engine.made[0]["dtype"], engine.made[0]["max_lora_rank"]) == ("bfloat16", 16)
    ask(people, None, Precision("bfloat16"))
    assert len(engine.made) == 1
    ask(people, None)
    assert engine.made[1]["dtype"] == "auto"


@pytest.mark.parametrize(("rank", "most"), [(1, 8), (8, 8), (12, 16), (257, 320), (512, 512)])
def test_a_rank_is_rounded_up_to_one_that_it_takes(checkpoint, tmp_path, rank, most):
    config = json.loads((Path(checkpoint.path) / ADAPTER_CONFIG).read_text())
    (tmp_path / ADAPTER_CONFIG).write_text(json.dumps(config | {"r": rank}))
    assert vllm.adapter_rank(msgspec.structs.replace(checkpoint, path=str(tmp_path))) == most


def test_what_it_cannot_do_is_refused(engine, people, checkpoint, tmp_path):
    def refused(said, precision=None, **arguments):
        whole = msgspec.structs.replace(checkpoint, arguments=checkpoint.arguments | arguments)
        with pytest.raises(WrongUsage, match=said):
            ask(people, whole, precision)

    refused("takes no adapter of projector", train="projector")
    refused("takes no dora", adapter="dora")
    refused("--quantize none", Precision(quantize="4bit"))
    config = json.loads((Path(checkpoint.path) / ADAPTER_CONFIG).read_text())
    (tmp_path / ADAPTER_CONFIG).write_text(json.dumps(config | {"r": 513}))
    with pytest.raises(WrongUsage, match="no rank over 512"):
        vllm.adapter_rank(msgspec.structs.replace(checkpoint, path=str(tmp_path)))
    assert engine.made == []


def test_without_it_there_is_a_mend(people):
    with pytest.raises(Unavailable, match="vllm is not installed; pip install"):
        ask(people)
