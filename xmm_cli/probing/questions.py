"""Which questions are asked: every view of every person in the modalities and splits chosen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xmm_cli.errors import BadData
from xmm_cli.models.conversation import Context
from xmm_cli.probing.tasks import TASKS
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import MODALITIES, Modality, Persona, Role, Split, Task

People = Sequence[tuple[Persona, Path]]
"""Persona rows, each with the folder that its paths count from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a question, the right answer, and the answers it is ranked among."""

    question: str
    expected: str
    candidates: tuple[str, ...]


Ask = Callable[[Persona, Sequence[Persona]], list[Asked]]
"""A task: what to ask about a view of a persona; the second argument is all people measured."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one view."""

    persona: Persona
    modality: Modality
    view: int
    split: Split
    task: Task
    context: Context
    asked: Asked


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked, in which modalities, of which views, about whom."""

    task: Task = "name"
    modalities: tuple[Modality, ...] = MODALITIES
    split: Split = "heldout"
    role: Role = "eval"


def make_questions(people: People, scope: Scope) -> Iterator[Question]:
    """All questions, modality by modality, person by person, view by view.

    Raises `BadData` where no one has such a role, or no one has such views.
    """
    chosen = [(persona, folder) for persona, folder in people if persona.role == scope.role]
    if not chosen:
        raise BadData(f"no persona has the role {scope.role}")
    ask: Ask = TASKS.load(scope.task)
    everyone = [persona for persona, _ in chosen]
    for modality in scope.modalities:
        found = False
        for persona, folder in chosen:
            for context, view in _contexts(persona, folder, modality, scope.split):
                for asked in ask(persona, everyone):
                    found = True
                    yield Question(persona, modality, view, scope.split, scope.task, context, asked)
        if not found:
            raise BadData(
                f"no persona has {scope.split} views in {modality}", "make some with gen-personas"
            )


def _contexts(
    persona: Persona, folder: Path, modality: Modality, split: Split
) -> Iterator[tuple[Context, int]]:
    if modality == "image":
        for image in persona.images:
            if image.split == split:
                yield Context(image=resolve(folder, image.path)), image.view
    else:
        for text in persona.texts:
            if text.split == split:
                yield Context(text=text.text), text.view
