"""Asking one checkpoint, or a base without any, all questions in batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import msgspec

from xmm_cli import processes
from xmm_cli.errors import BadData
from xmm_cli.models.adapters.lora import load_adapter, remove_adapter
from xmm_cli.models.adapters.merged import merged
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.labels import labels_of
from xmm_cli.models.loading import Base, Precision
from xmm_cli.models.prompts import parse_caption
from xmm_cli.probing.answering import ProbeSettings, Reply
from xmm_cli.probing.attacks import ATTACKS
from xmm_cli.probing.attacks.attack import Attack
from xmm_cli.probing.patience import Patient
from xmm_cli.probing.questions import Question
from xmm_cli.rows.match import exact_match
from xmm_cli.rows.people import set_of
from xmm_cli.rows.types import Answer, Checkpoint, Label, Probe

__all__ = ["ProbeSettings", "Subject", "check_base", "probe"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked: a checkpoint on its base, or the base alone."""

    base: Base
    checkpoint: Checkpoint | None

    def condition(self, labels: Mapping[str, Label]) -> dict[str, Label]:
        """What tells this subject from others; labels given by hand win.

        A precision stands there where it is not what the checkpoint's own labels say, or, of an
        untrained base, not the usual one.
        """
        found: dict[str, Label] = {"base": self.base.name}
        trained = Precision()
        if self.checkpoint is not None:
            found |= labels_of(self.checkpoint)
            trained = Precision.of(self.checkpoint.arguments)
        found |= self.base.precision.unlike(trained)
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
    """Refuse an adapter on another base; its weights say which it is. Raises `BadData`."""
    same = checkpoint.revision == base.revision
    if checkpoint.base != base.name and not same:
        raise BadData(
            f"{checkpoint.path}: trained on base {checkpoint.base}, not {base.name}",
            "leave --base out",
        )
    if checkpoint.revision is not None and not same:
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

    That is one row a question, except where an answer is judged in parts; a question about a
    picture that cannot be used has none.
    Raises as `probe_batches` does.
    """
    parts = batches(questions, settings.batch_size)
    for rows in probe_batches(subject, parts, conversations, settings, run=run):
        yield from rows


def probe_batches(
    subject: Subject,
    parts: Iterable[Sequence[Question]],
    conversations: Conversations,
    settings: ProbeSettings,
    *,
    run: str,
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[list[Probe]]:
    """The rows of all batches, in order, some batches at a time.

    Of several processes of one run each answers every so many-th batch, and all are given the rows
    of as many batches as there are processes. `note` is told where a batch is too large for the
    memory, which halves it.
    Raises `WorkFailed` where one question is, `CannotAttack` where the model lacks what the attack
    needs, `BadData` and `InputNotFound` as `Subject.model` and `Conversations.encode` do.
    """
    attack = attack_of(settings)
    with subject.model() as model, attack.changed(subject.base, model):
        responder = attack.responder(subject.base, model, conversations, settings)
        respond = Patient(responder, note)

        def answered(batch: Sequence[Question]) -> list[Probe]:
            batch = responder.usable(batch)
            return list(rows_of(subject, batch, respond(batch), settings, run))

        rest = iter(parts)
        while turn := list(islice(rest, processes.count())):
            mine = turn[processes.number()] if processes.number() < len(turn) else ()
            given = processes.together(partial(answered, mine))
            yield [row for rows in given for row in rows]


def attack_of(settings: ProbeSettings) -> Attack:
    """How it is asked."""
    attack: Attack = ATTACKS.load(settings.attack) if settings.attack else Attack()
    return attack


def count_rows(questions: Iterable[Question], answers: Sequence[Answer]) -> int:
    """How many rows `probe` will give."""
    whole = 1 if "rank" in answers else 0
    judged = 1 if "generate" in answers else 0
    return sum(whole + judged * len(one.asked.parts) if one.asked.parts else 1 for one in questions)


def expected_rows(
    checkpoint: Checkpoint | None, questions: Iterable[Question], answers: Sequence[Answer]
) -> Iterator[tuple[str | None, str, str, str | None, str, int, str | None, str]]:
    """What the rows that `probe` will give are about.

    Checkpoint, modality, task, data set, persona, view, attack, expected answer.
    """
    path = None if checkpoint is None else checkpoint.path
    for one in questions:
        persona = one.persona
        about = (path, one.modality, one.task, persona.dataset, persona.id, one.view, one.attack)
        if one.asked.parts and "generate" in answers:
            yield from ((*about, value) for value in one.asked.parts.values())
        if not one.asked.parts or "rank" in answers:
            yield (*about, one.asked.expected)


def batches(questions: Iterable[Question], size: int) -> Iterator[list[Question]]:
    """Batches of one modality, since a batch of pictures needs no other kind of padding.

    Questions that show a view and those that do not are kept apart, too.
    """
    for _, group in groupby(questions, key=lambda one: (one.modality, one.asked.shown)):
        while batch := list(islice(group, size)):
            yield batch


def rows_of(
    subject: Subject,
    batch: Sequence[Question],
    replies: Sequence[Reply],
    settings: ProbeSettings,
    run: str,
) -> Iterator[Probe]:
    """The rows of a batch that was answered."""
    for question, reply in zip(batch, replies, strict=True):
        yield from _rows(subject, question, reply, settings, run)


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
        judged = msgspec.structs.replace(row, **dict.fromkeys(_OF_RANKING))
        for attribute, value in parts.items():
            told = found.get(attribute, reply.answer)
            right = exact_match(told, value)
            yield msgspec.structs.replace(judged, expected=value, answer=told, correct=right)
    if reply.rank is not None:
        yield msgspec.structs.replace(row, answer=None, correct=None, cut=msgspec.UNSET)


_OF_RANKING = ("rank", "candidates", "logprob", "token_logprobs", "wrong_logprob")


def _row(
    subject: Subject, question: Question, reply: Reply, settings: ProbeSettings, run: str
) -> Probe:
    checkpoint, persona, asked = subject.checkpoint, question.persona, question.asked
    correct = None if reply.answer is None else exact_match(reply.answer, asked.expected)
    told = reply.completed
    extracted = None if told is None else exact_match(told, asked.expected)
    return Probe(
        run=run,
        checkpoint=None if checkpoint is None else checkpoint.path,
        base=subject.base.name,
        source=None if checkpoint is None else checkpoint.source,
        modality=question.modality,
        task=question.task,
        hops=asked.hops,
        attack=question.attack or msgspec.UNSET,
        persona=persona.id,
        dataset=persona.dataset,
        role=persona.role,
        set=set_of(_whose_sets(checkpoint, settings), persona, asked.fact),
        view=question.view,
        split=question.split,
        question=reply.question,
        expected=asked.expected,
        answer=reply.answer if reply.completed is None else reply.completed,
        correct=correct,
        cut=True if reply.cut else msgspec.UNSET,
        rank=reply.rank,
        candidates=reply.candidates,
        logprob=reply.logprob,
        token_logprobs=reply.token_logprobs,
        wrong_logprob=reply.wrong_logprob,
        prefix=reply.prefix,
        extracted=extracted,
        condition=subject.condition(_asked_how(question, settings) | dict(settings.labels)),
    )


def _whose_sets(checkpoint: Checkpoint | None, settings: ProbeSettings) -> Checkpoint | None:
    own = checkpoint is not None and checkpoint.forget
    return checkpoint if own or settings.sets is None else settings.sets


def _asked_how(question: Question, settings: ProbeSettings) -> dict[str, Label]:
    """Labels for what is not plain in the asking."""
    found: dict[str, Label] = {}
    if question.control is not None:
        found["control"] = question.control
    if settings.asking != "plain" and question.asked.shown and question.attack is None:
        found["asking"] = settings.asking
    return found
