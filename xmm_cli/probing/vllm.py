"""Generated answers by vLLM, for very many questions: an optional extra.

Written from vLLM's documented offline interface (`LLM`, `SamplingParams`, `LoRARequest`, prompts as
`prompt_token_ids` with `multi_modal_data`); it was never run, since vLLM could not be installed
where xmm was made. vLLM computes in its own kernels and precision: compare its rows with each other
only, which their label `engine` makes easy.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

from xmm_cli.errors import BadData, InputNotFound, Unavailable, WrongUsage
from xmm_cli.models.adapters.config import check_config
from xmm_cli.models.adapters.lora import ADAPTER_CONFIG
from xmm_cli.models.chat import Chat
from xmm_cli.models.conversation import Context
from xmm_cli.models.loading import Base, Precision, location, revision_of
from xmm_cli.models.no_video import without_video
from xmm_cli.probing.answering import ProbeSettings, Reply
from xmm_cli.probing.probe import Subject, check_base, rows_of
from xmm_cli.probing.questions import Question
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.types import Checkpoint, Probe

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as the largest rank of an adapter."""

_engines: dict[tuple[str, str, int], Any] = {}
"""The engine that was asked last, by base, numbers and largest rank: it holds the GPU's memory."""


def probe_by_vllm(
    base_name: str,
    checkpoint: Checkpoint | None,
    parts: Iterable[Sequence[Question]],
    settings: ProbeSettings,
    *,
    run: str,
    precision: Precision,
) -> Iterator[list[Probe]]:
    """The rows of all batches, in order, as `probe_batches` gives them; answers only generated.

    Raises `Unavailable` where vLLM is not installed, `WrongUsage` where it cannot take the
    checkpoint or the precision, `BadData` and `InputNotFound`.
    """
    if find_spec("vllm") is None:
        raise Unavailable(
            "vllm is not installed", "pip install 'xmm-cli[vllm]', on a machine it supports"
        )
    _check(base_name, checkpoint, precision)
    subject = Subject(_base(base_name, precision), checkpoint)
    if checkpoint is not None:
        check_base(subject.base, checkpoint)
    labelled = replace(settings, labels={"engine": "vllm"} | dict(settings.labels))
    answer = _Answers(subject, settings)
    for batch in parts:
        replies = answer(batch)
        yield list(rows_of(subject, batch, replies, labelled, run))


def _check(base_name: str, checkpoint: Checkpoint | None, precision: Precision) -> None:
    """Raises `WrongUsage` where vLLM would ask something else than what is meant."""
    name = base_name if checkpoint is None else checkpoint.path
    if precision.quantize is not None:
        raise WrongUsage(
            f"{name}: vllm does not pack weights as xmm does",
            "add --quantize none, or leave --engine out",
        )
    if checkpoint is None:
        return
    kind = checkpoint.arguments.get("adapter") or "lora"
    part = checkpoint.arguments.get("train") or "language"
    if kind != "lora" or part != "language":
        what = kind if kind != "lora" else f"adapter of {part}"
        raise WrongUsage(f"{name}: vllm takes no {what}", "leave --engine out")


def _base(name: str, precision: Precision) -> Base:
    """The base without its weights, which vLLM loads. Raises `Unavailable`."""
    from transformers import AutoConfig, AutoProcessor

    place = location(name)
    try:
        if not Path(place).is_dir():
            from huggingface_hub import snapshot_download

            snapshot_download(place, allow_patterns=["*.json", "*.jinja", "model*.safetensors"])
        config = AutoConfig.from_pretrained(place, trust_remote_code=False)
        with without_video():
            processor = AutoProcessor.from_pretrained(place, backend="pil", trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise Unavailable(f"base {name!r} cannot be loaded: {error}") from error
    model = SimpleNamespace(config=config)
    return Base(name, revision_of(name), model, processor, None, precision)


def adapter_rank(checkpoint: Checkpoint | None) -> int:
    """The least of `RANKS` that a checkpoint's adapter fits into.

    Raises `InputNotFound`, `BadData`, and `WrongUsage` where it fits into none.
    """
    if checkpoint is None:
        return RANKS[0]
    path = Path(checkpoint.path) / ADAPTER_CONFIG
    if not path.is_file():
        raise InputNotFound(f"{path}: No such file", "is this a checkpoint of xmm train?")
    check_config(path)
    rank = int(json.loads(path.read_bytes())["r"])
    fits = [most for most in RANKS if most >= rank]
    if not fits:
        raise WrongUsage(f"{checkpoint.path}: vllm takes no rank over {RANKS[-1]}")
    return fits[0]


def _engine(base: Base, rank: int) -> Any:
    """An engine for adapters of this rank; one for larger ones serves as well."""
    from vllm import LLM

    dtype = base.precision.dtype or "auto"
    for (name, numbers, most), engine in _engines.items():
        if (name, numbers) == (base.name, dtype) and most >= rank:
            return engine
    _engines.clear()
    engine = LLM(
        model=location(base.name),
        dtype=dtype,
        enable_lora=True,
        max_lora_rank=rank,
        limit_mm_per_prompt={"image": 1},
        trust_remote_code=False,
    )
    _engines[base.name, dtype, rank] = engine
    return engine


class _Answers:
    """An engine, and the adapter it is asked with."""

    def __init__(self, subject: Subject, settings: ProbeSettings) -> None:
        from vllm.lora.request import LoRARequest

        self.settings, self.base = settings, subject.base
        self.chat = Chat(subject.base)
        known = subject.base.tokenizer.added_tokens_decoder.values()
        self.control = [token.content for token in known if token.special]
        checkpoint = subject.checkpoint
        self.engine = _engine(subject.base, adapter_rank(checkpoint))
        self.adapter = None
        if checkpoint is not None:
            number = crc32(checkpoint.path.encode()) % (2**31 - 1) + 1  # vLLM wants one from 1 on
            self.adapter = LoRARequest(checkpoint.path, number, checkpoint.path)

    def __call__(self, batch: Sequence[Question]) -> list[Reply]:
        from vllm import SamplingParams

        longest = max(self.settings.max_new_tokens, *(one.asked.tokens for one in batch))
        greedy = SamplingParams(temperature=0.0, max_tokens=longest)
        prompts = [self._prompt(one) for one in batch]
        told = self.engine.generate(prompts, greedy, lora_request=self.adapter, use_tqdm=False)
        texts = [one.outputs[0].text.strip() for one in told]
        return [Reply(one.asked.question, text) for one, text in zip(batch, texts, strict=True)]

    def _prompt(self, question: Question) -> dict[str, Any]:
        """Its tokens, where a picture is still one mark: vLLM puts the picture's tokens there."""
        context, text = question.context, question.asked.question
        if context.text:
            text = f"{context.text} {text}"
        if any(token in text for token in self.control):
            raise BadData(f"a description or name of {question.persona.id} holds a control token")
        rendered = self.chat.render([text], context.image is not None)
        starts = self.base.tokenizer.bos_token
        special = not (starts and rendered.startswith(starts))
        ids = self.base.tokenizer(rendered, add_special_tokens=special).input_ids
        shown = {} if context.image is None else {"multi_modal_data": {"image": _picture(context)}}
        return {"prompt_token_ids": list(ids), **shown}


def _picture(context: Context) -> Any:
    shown = context.image
    if isinstance(shown, Path):
        return read_picture(shown)
    return shown.pixels.convert("RGB") if shown is not None else None
