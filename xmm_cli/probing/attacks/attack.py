"""What an attack is: how it differs from asking plainly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from xmm_cli.errors import Unavailable
from xmm_cli.models.conversation import Conversation
from xmm_cli.models.loading import Base
from xmm_cli.probing.answering import ProbeSettings, Responder
from xmm_cli.probing.questions import People, Question
from xmm_cli.rows.people import is_of
from xmm_cli.rows.types import Checkpoint, Label, Persona


class CannotAttack(Unavailable):
    """A model, or its people, lack what an attack needs."""


@dataclass(frozen=True, slots=True)
class Around:
    """What an attack may know beside the questions."""

    people: People
    checkpoint: Checkpoint | None
    """Who is asked; None is the base."""
    sets: Checkpoint | None
    """Whose forget set counts."""
    together: Sequence[Checkpoint] = ()
    """All that are asked by the same command."""
    seed: int = 0

    def forgotten(self, persona: Persona) -> bool:
        """Whether a person is in the forget set."""
        sets = self.sets
        return sets is not None and persona.id in sets.forget and is_of(sets, persona)


Attacked = Callable[[Sequence[Question], Around], list[Question]]
"""From the plain questions to those of the attack. Raises `CannotAttack`."""


def as_they_are(questions: Sequence[Question], _: Around) -> list[Question]:
    """The plain questions."""
    return list(questions)


def unchanged(_: Base, __: Any) -> AbstractContextManager[None]:
    """The model as it is."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Attack:
    """Each part is that of asking plainly, unless the attack has its own."""

    ask: Attacked = as_they_are
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `ProbeSettings` that the attack decides."""
    responder: type[Responder] = Responder
    """Who answers a batch."""
    changed: Callable[[Base, Any], AbstractContextManager[None]] = unchanged
    """Changes the model inside the block. Raises `CannotAttack`."""
    at_once: bool = False
    """Whether all questions of a modality are one batch."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """What the condition of its rows says of it."""
    asks: float = 1.0
    """About how often the model is asked for a plain question; a part where not all are asked."""

    def over(self, settings: ProbeSettings, name: str) -> ProbeSettings:
        """The settings under this attack."""
        labels = {**self.labels, **settings.labels}
        return replace(settings, **self.settings, labels=labels, attack=name)


class ByTurns(Responder):
    """Asks in several turns, which not every chat template writes."""

    def prompts(self, batch: Sequence[Question]) -> tuple[list[Conversation], list[str]]:
        """As `Responder.prompts`. Raises `CannotAttack`."""
        with _chatting():
            return self.by_turns(batch)

    def by_turns(self, batch: Sequence[Question]) -> tuple[list[Conversation], list[str]]:
        """The prompts, and the last question in each."""
        return super().prompts(batch)


@contextmanager
def _chatting() -> Iterator[None]:
    try:
        yield
    except CannotAttack:
        raise
    except Unavailable as error:
        raise CannotAttack(error.message) from error
