"""Which questions are asked: every view of every person in the modalities and splits chosen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from xmm_cli.errors import BadData, WrongUsage
from xmm_cli.models.conversation import Context
from xmm_cli.models.prompts import caption
from xmm_cli.probing.asked_views import Control, controlled, views_of
from xmm_cli.probing.tasks import TASKS
from xmm_cli.rows.match import Candidates
from xmm_cli.rows.people import People
from xmm_cli.rows.types import MODALITIES, Modality, Persona, Role, Split, Task

ANSWER_TOKENS, DESCRIPTION_TOKENS = 24, 80
"""An answer, and a description, may always have so many tokens; more where longer ones are known.

How long an answer may be decides nothing then: one that is longer than all that are known is wrong.
"""


@dataclass(frozen=True, slots=True)
class QuestionText:
    """The words of a question, the right answer, and the answers it is ranked among."""

    question: str
    expected: str
    candidates: tuple[str, ...]
    hops: int = 1
    """Steps of memory from what is shown or named to the answer."""
    shown: bool = True
    """Whether the view is shown. If not, it is asked once a person, by name and in words alone."""
    tokens: int = ANSWER_TOKENS
    """The answer may have at least as many tokens as this."""
    fact: str | None = None
    """The name of the fact that is asked for."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Attributes, with their values, by which a generated description is judged: a row for each."""


Ask = Callable[[Persona], list[QuestionText]]
"""What to ask about a view of a persona."""

About = Callable[[Sequence[Persona]], Ask]
"""A task: what to ask, when these are all people measured. They are gone through once."""


def distinct(known: Iterable[Mapping[str, str]]) -> dict[str, Candidates]:
    """By name, all values that anyone has, sorted."""
    found: dict[str, set[str]] = {}
    for one in known:
        for name, value in one.items():
            found.setdefault(name, set()).add(value)
    return {name: Candidates(sorted(values)) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of the people measured: their names, and their looks in words."""

    names: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()

    @classmethod
    def of(cls, everyone: Iterable[Persona]) -> "Known":
        """Each name and each look once."""
        names, looks = zip(*((one.name, caption(one.attributes)) for one in everyone), strict=True)
        return cls(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(looks)))


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one view; of a question by name, the view is 0 and the context empty."""

    persona: Persona
    modality: Modality
    view: int
    split: Split
    task: Task
    context: Context
    asked: QuestionText
    control: Control | None = None
    known: Known = Known()
    attack: str | None = None
    before: str = ""
    """What an attack tells before the question, beside the view."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked, in which modalities, of which views, about whom.

    `views` is how many views a person is asked about at most; `seed` decides who is swapped.
    """

    task: Task = "name"
    modalities: tuple[Modality, ...] = MODALITIES
    split: Split = "heldout"
    role: Role = "eval"
    views: int | None = None
    control: Control | None = None
    seed: int = 0


def make_questions(people: People, scope: Scope) -> Iterator[Question]:
    """All questions, modality by modality, person by person, view by view.

    Questions by name come last; they belong to the modality text, and no control has them.
    Raises `BadData` where no one has such a role, such views, or what the task asks about;
    `WrongUsage` where modalities or control leave nothing to ask.
    """
    chosen = [(persona, folder) for persona, folder in people if persona.role == scope.role]
    if not chosen:
        raise BadData(f"no persona has the role {scope.role}")
    task: About = TASKS.load(scope.task)
    everyone = [persona for persona, _ in chosen]
    asks = list(map(task(everyone), everyone))
    _check(asks, scope)
    if any(asked.shown for about in asks for asked in about):
        for modality in scope.modalities:
            yield from _about_views(chosen, asks, modality, scope, Known.of(everyone))
    if "text" in scope.modalities and scope.control is None:
        for persona, about in zip(everyone, asks, strict=True):
            for asked in about:
                if not asked.shown:
                    yield Question(persona, "text", 0, scope.split, scope.task, Context(), asked)


def _check(asks: Sequence[list[QuestionText]], scope: Scope) -> None:
    if not any(asks):
        raise BadData(f"no persona has what the task {scope.task} asks about")
    if any(asked.shown for about in asks for asked in about):
        return
    if scope.control is not None:
        raise WrongUsage(
            f"task {scope.task} with the control {scope.control}", "this task shows no views"
        )
    if "text" not in scope.modalities:
        raise WrongUsage(f"task {scope.task} without the modality text", "it is asked in words")


def modalities_of(people: People, scope: Scope) -> tuple[Modality, ...]:
    """Those of a scope in which any of the people it is about have views of its split."""
    chosen = [pair for pair in people if pair[0].role == scope.role]
    return tuple(
        modality
        for modality in scope.modalities
        if any(views_of(*pair, modality, scope.split, scope.views) for pair in chosen)
    )


def _mend(people: People, scope: Scope) -> str | None:
    """Which options ask about the views that there are."""
    splits: tuple[Split, ...] = ("heldout", "train")
    for split in splits:
        there = modalities_of(people, replace(scope, split=split, modalities=MODALITIES))
        if there:
            other = "" if split == scope.split else f" --split {split}"
            return f"try --modality {','.join(there)}{other}"
    return None


def _about_views(
    chosen: People,
    asks: Sequence[list[QuestionText]],
    modality: Modality,
    scope: Scope,
    known: Known,
) -> Iterator[Question]:
    own = [views_of(*pair, modality, scope.split, scope.views) for pair in chosen]
    if not any(own):
        raise BadData(f"no persona has {scope.split} views in {modality}", _mend(chosen, scope))
    given = controlled(own, scope.control, scope.seed)
    for (persona, _), about, views in zip(chosen, asks, given, strict=True):
        for context, view in views:
            for asked in about:
                if asked.shown:
                    yield Question(
                        persona,
                        modality,
                        view,
                        scope.split,
                        scope.task,
                        context,
                        asked,
                        scope.control,
                        known,
                    )
