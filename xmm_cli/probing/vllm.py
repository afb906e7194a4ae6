"""Generated answers by vLLM, for very many questions: an optional extra.

Written from vLLM's documented offline interface (`LLM`, `SamplingParams`, `LoRARequest`,
`multi_modal_data`); it was never run, since vLLM could not be installed where xmm was made.
vLLM computes in its own kernels and precision: compare its rows with each other only, which their
label `engine` makes easy.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zlib import crc32

from xmm_cli.errors import BadData, Unavailable, WrongUsage
from xmm_cli.models.conversation import Context
from xmm_cli.models.loading import Base, location, revision_of
from xmm_cli.probing.answering import ProbeSettings, Reply
from xmm_cli.probing.probe import Subject, check_base, rows_of
from xmm_cli.probing.questions import Question
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.types import Checkpoint, Probe

_engines: dict[tuple[str, int], Any] = {}
"""The engine of the base that was asked last: it holds the GPU's memory."""


def probe_by_vllm(
    base_name: str,
    checkpoint: Checkpoint | None,
    parts: Iterable[Sequence[Question]],
    settings: ProbeSettings,
    *,
    run: str,
) -> Iterator[list[Probe]]:
    """The rows of all batches, in order, as `probe_batches` gives them; answers only generated.

    Raises `Unavailable` where vLLM is not installed, `WrongUsage` where the checkpoint is no LoRA,
    `BadData` and `InputNotFound`.
    """
    if find_spec("vllm") is None:
        raise Unavailable(
            "vllm is not installed", "pip install 'xmm-cli[vllm]', on a machine it supports"
        )
    from transformers import AutoProcessor

    place = location(base_name)
    try:
        processor = AutoProcessor.from_pretrained(place, backend="pil", trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(f"base {base_name!r} cannot be loaded: {error}") from error
    base = Base(base_name, revision_of(base_name), None, processor, None)
    subject = Subject(base, checkpoint)
    if checkpoint is not None:
        check_base(subject.base, checkpoint)
        kind = checkpoint.arguments.get("adapter") or "lora"
        if kind != "lora":
            raise WrongUsage(f"{checkpoint.path}: vllm takes no {kind}", "leave --engine out")
    labelled = replace(settings, labels={"engine": "vllm"} | dict(settings.labels))
    answer = _Answers(subject, settings)
    for batch in parts:
        replies = answer(batch)
        yield list(rows_of(subject, batch, replies, labelled, run))


class _Answers:
    """An engine, and the adapter it is asked with."""

    def __init__(self, subject: Subject, settings: ProbeSettings) -> None:
        from vllm import LLM
        from vllm.lora.request import LoRARequest

        self.processor, self.settings = subject.base.processor, settings
        checkpoint = subject.checkpoint
        given = None if checkpoint is None else checkpoint.arguments.get("rank")
        rank = given if isinstance(given, int) else 64
        key = (subject.base.name, rank)
        if key not in _engines:
            _engines.clear()
            _engines[key] = LLM(
                model=location(subject.base.name),
                enable_lora=True,
                max_lora_rank=rank,
                limit_mm_per_prompt={"image": 1},
                trust_remote_code=False,
            )
        self.engine = _engines[key]
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
        context = question.context
        text = (
            f"{context.text} {question.asked.question}" if context.text else question.asked.question
        )
        if any(one.content in text for one in self._control()):
            raise BadData(f"a description or name of {question.persona.id} holds a control token")
        content: list[dict[str, str]] = [{"type": "text", "text": text}]
        if context.image is not None:
            content.insert(0, {"type": "image"})
        rendered = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        if context.image is None:
            return {"prompt": rendered}
        return {"prompt": rendered, "multi_modal_data": {"image": _picture(context)}}

    def _control(self) -> list[Any]:
        known = self.processor.tokenizer.added_tokens_decoder.values()
        return [token for token in known if token.special]


def _picture(context: Context) -> Any:
    shown = context.image
    if isinstance(shown, Path):
        return read_picture(shown)
    return shown.pixels.convert("RGB") if shown is not None else None
