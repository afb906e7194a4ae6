"""Asking one checkpoint, or a base without any, all questions in batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.models.adapter import load_adapter, remove_adapter
from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.loading import Base
from xmm_cli.probing.match import exact_match
from xmm_cli.probing.questions import Question
from xmm_cli.rows.types import Answer, Checkpoint, ForgetOrRetain, Label, Probe


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """How answers are got; each default stands here and nowhere else."""

    answers: tuple[Answer, ...] = ("generate", "rank")
    max_new_tokens: int = 24
    batch_size: int = 32
    labels: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked: a checkpoint on its base, or the base alone."""

    base: Base
    checkpoint: Checkpoint | None

    def condition(self, labels: Mapping[str, Label]) -> dict[str, Label]:
        """What tells this subject from others; labels given by hand win."""
        found: dict[str, Label] = {"base": self.base.name}
        if self.checkpoint is not None:
            found |= {"views": self.checkpoint.views, "seed": self.checkpoint.seed}
        return found | dict(labels)


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
    """One row a question, in order, each batch as soon as it is answered.

    Raises `BadData` and `InputNotFound` as `load_adapter` and `Conversations.encode` do.
    """
    base, checkpoint = subject.base, subject.checkpoint
    if checkpoint is not None:
        check_base(base, checkpoint)
        model = load_adapter(base, Path(checkpoint.path))
    else:
        model = base.model
    try:
        respond = _Responder(base, model, conversations, settings)
        for batch in _batches(questions, settings.batch_size):
            for question, reply in zip(batch, respond(batch), strict=True):
                yield _row(subject, question, reply, settings, run)
    finally:
        if checkpoint is not None:
            remove_adapter(model)


def _batches(questions: Iterable[Question], size: int) -> Iterator[list[Question]]:
    """Batches of one modality, since a batch of pictures needs no other kind of padding."""
    for _, group in groupby(questions, key=lambda question: question.modality):
        while batch := list(islice(group, size)):
            yield batch


@dataclass(slots=True)
class _Reply:
    answer: str | None = None
    rank: int | None = None
    candidates: int | None = None
    logprob: float | None = None


class _Responder:
    """Answers batches; candidates that come again and again are encoded once."""

    def __init__(
        self, base: Base, model: Any, conversations: Conversations, settings: ProbeSettings
    ) -> None:
        self.base, self.model = base, model
        self.conversations, self.settings = conversations, settings
        self._trees: dict[tuple[str, ...], Any] = {}

    def __call__(self, batch: Sequence[Question]) -> list[_Reply]:
        prompts = [self.conversations.encode(q.context, q.asked.question) for q in batch]
        replies = [_Reply() for _ in batch]
        if "generate" in self.settings.answers:
            from xmm_cli.probing.generate import generate

            answers = generate(
                self.base, self.model, self.conversations, prompts, self.settings.max_new_tokens
            )
            for reply, answer in zip(replies, answers, strict=True):
                reply.answer = answer
        if "rank" in self.settings.answers:
            self._rank(batch, prompts, replies)
        return replies

    def _rank(
        self, batch: Sequence[Question], prompts: list[Conversation], replies: list[_Reply]
    ) -> None:
        from xmm_cli.probing.rank import candidate_logprobs, rank_of

        by_candidates: dict[tuple[str, ...], list[int]] = {}
        for position, question in enumerate(batch):
            by_candidates.setdefault(question.asked.candidates, []).append(position)
        for candidates, positions in by_candidates.items():
            tree = self._tree(candidates)
            chosen = [prompts[position] for position in positions]
            found = candidate_logprobs(self.base, self.model, chosen, tree)
            for position, logprobs in zip(positions, found, strict=True):
                right = candidates.index(batch[position].asked.expected)
                replies[position].rank = rank_of(logprobs, right)
                replies[position].candidates = len(candidates)
                replies[position].logprob = round(float(logprobs[right]), 5)

    def _tree(self, candidates: tuple[str, ...]) -> Any:
        from xmm_cli.probing.rank import build_tree

        if candidates not in self._trees:
            encoded = [self.conversations.answer_ids(name) for name in candidates]
            self._trees[candidates] = build_tree(encoded)
        return self._trees[candidates]


def _row(
    subject: Subject, question: Question, reply: _Reply, settings: ProbeSettings, run: str
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
        persona=persona.id,
        role=persona.role,
        set=_forget_or_retain(checkpoint, persona.id),
        view=question.view,
        split=question.split,
        question=asked.question,
        expected=asked.expected,
        answer=reply.answer,
        correct=correct,
        rank=reply.rank,
        candidates=reply.candidates,
        logprob=reply.logprob,
        condition=subject.condition(settings.labels),
    )


def _forget_or_retain(checkpoint: Checkpoint | None, persona: str) -> ForgetOrRetain | None:
    if checkpoint is None or not checkpoint.forget:
        return None
    return "forget" if persona in checkpoint.forget else "retain"
