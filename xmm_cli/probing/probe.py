"""Asking one checkpoint, or a base without any, all questions in batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import msgspec

from xmm_cli.errors import BadData
from xmm_cli.models.adapter import load_adapter, remove_adapter
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.in_weights import merged
from xmm_cli.models.loading import Base
from xmm_cli.models.prompts import parse_caption
from xmm_cli.probing.answering import ProbeSettings, Reply, Responder
from xmm_cli.probing.labels import labels_of, set_of
from xmm_cli.probing.match import exact_match
from xmm_cli.probing.questions import Question
from xmm_cli.rows.types import Answer, Checkpoint, Label, Probe

__all__ = ["ProbeSettings", "Subject", "check_base", "probe"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked: a checkpoint on its base, or the base alone."""

    base: Base
    checkpoint: Checkpoint | None

    def condition(self, labels: Mapping[str, Label]) -> dict[str, Label]:
        """What tells this subject from others; labels given by hand win."""
        found: dict[str, Label] = {"base": self.base.name}
        if self.checkpoint is not None:
            found |= labels_of(self.checkpoint)
        return found | dict(labels)

    @contextmanager
    def model(self) -> Iterator[Any]:
        """The model with the adapter on it, which is off again afterwards.

        Raises `BadData` and `InputNotFound` as `check_base` and `load_adapter` do.
        """
        if self.checkpoint is None:
            yield self.base.model
            return
        check_base(self.base, self.checkpoint)
        model = load_adapter(self.base, Path(self.checkpoint.path))
        try:
            with merged(model):
                yield model
        finally:
            remove_adapter(model)


def check_base(base: Base, checkpoint: Checkpoint) -> None:
    """Refuse an adapter on another base. Raises `BadData`."""
    if checkpoint.base != base.name:
        raise BadData(
            f"{checkpoint.path}: trained on base {checkpoint.base}, not {base.name}",
            "leave --base out",
        )
    if checkpoint.revision not in (None, base.revision):
        raise BadData(
            f"{checkpoint.path}: trained on other weights of {base.name} "
            f"({checkpoint.revision}, here {base.revision})",
            "use the version of the base it was trained on, or train again with --overwrite",
        )


def probe(
    subject: Subject,
    questions: Iterable[Question],
    conversations: Conversations,
    settings: ProbeSettings,
    *,
    run: str,
) -> Iterator[Probe]:
    """The rows of each question, in order, each batch as soon as it is answered.

    That is one row a question, except where an answer is judged in parts.
    Raises `BadData` and `InputNotFound` as `Subject.model` and `Conversations.encode` do.
    """
    with subject.model() as model:
        respond = Responder(subject.base, model, conversations, settings)
        for batch in batches(questions, settings.batch_size):
            for question, reply in zip(batch, respond(batch), strict=True):
                yield from _rows(subject, question, reply, settings, run)


def count_rows(questions: Iterable[Question], answers: Sequence[Answer]) -> int:
    """How many rows `probe` will give."""
    whole = 1 if "rank" in answers else 0
    judged = 1 if "generate" in answers else 0
    return sum(whole + judged * len(one.asked.parts) if one.asked.parts else 1 for one in questions)


def batches(questions: Iterable[Question], size: int) -> Iterator[list[Question]]:
    """Batches of one modality, since a batch of pictures needs no other kind of padding.

    Questions that show a view and those that do not are kept apart, too.
    """
    for _, group in groupby(questions, key=lambda one: (one.modality, one.asked.shown)):
        while batch := list(islice(group, size)):
            yield batch


def _rows(
    subject: Subject, question: Question, reply: Reply, settings: ProbeSettings, run: str
) -> Iterator[Probe]:
    row = _row(subject, question, reply, settings, run)
    parts = question.asked.parts
    if not parts:
        yield row
        return
    if reply.answer is not None:
        found = parse_caption(reply.answer, parts)
        judged = msgspec.structs.replace(row, rank=None, candidates=None, logprob=None)
        for attribute, value in parts.items():
            told = found.get(attribute, reply.answer)
            right = exact_match(told, value)
            yield msgspec.structs.replace(judged, expected=value, answer=told, correct=right)
    if reply.rank is not None:
        yield msgspec.structs.replace(row, answer=None, correct=None)


def _row(
    subject: Subject, question: Question, reply: Reply, settings: ProbeSettings, run: str
) -> Probe:
    checkpoint, persona, asked = subject.checkpoint, question.persona, question.asked
    correct = None if reply.answer is None else exact_match(reply.answer, asked.expected)
    return Probe(
        run=run,
        checkpoint=None if checkpoint is None else checkpoint.path,
        base=subject.base.name,
        source=None if checkpoint is None else checkpoint.source,
        modality=question.modality,
        task=question.task,
        hops=asked.hops,
        persona=persona.id,
        role=persona.role,
        set=set_of(checkpoint, persona.id),
        view=question.view,
        split=question.split,
        question=reply.question,
        expected=asked.expected,
        answer=reply.answer,
        correct=correct,
        rank=reply.rank,
        candidates=reply.candidates,
        logprob=reply.logprob,
        condition=subject.condition(_asked_how(question, settings) | dict(settings.labels)),
    )


def _asked_how(question: Question, settings: ProbeSettings) -> dict[str, Label]:
    """Labels for what is not plain in the asking."""
    found: dict[str, Label] = {}
    if question.control is not None:
        found["control"] = question.control
    if settings.asking != "plain" and question.asked.shown:
        found["asking"] = settings.asking
    return found
