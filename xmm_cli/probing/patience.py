"""Answers that do not fail where a batch is too large for the memory: it is halved."""

from collections.abc import Callable, Sequence
from functools import partial

from xmm_cli.errors import WorkFailed
from xmm_cli.models.oom import tried
from xmm_cli.probing.answering import Reply
from xmm_cli.probing.questions import Question

AnswerBatch = Callable[[Sequence[Question]], list[Reply]]


class Patient:
    """Answers batches in pieces that fit; `note` is told whenever they become smaller."""

    def __init__(self, answer: AnswerBatch, note: Callable[[str], None]) -> None:
        self.answer, self.note = answer, note
        self.most: int | None = None
        """The most questions at once; None until memory ran out."""

    def __call__(self, batch: Sequence[Question]) -> list[Reply]:
        """One reply a question. Raises `WorkFailed` where memory is too small for a single one."""
        replies: list[Reply] = []
        while rest := batch[len(replies) :]:
            piece = rest[: self.most]
            found = tried(partial(self.answer, piece))
            if found is not None:
                replies += found
                continue
            if len(piece) == 1:
                raise WorkFailed(
                    "out of memory with one question at a time",
                    "lower --max-new-tokens, or ask for --answer generate alone, without ranking",
                )
            self.most = len(piece) // 2
            self.note(f"out of memory: going on with {self.most} questions at once")
        return replies
