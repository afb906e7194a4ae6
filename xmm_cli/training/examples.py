"""The training exercises: each view with the person's name, and facts by name if asked for."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from math import gcd
from pathlib import Path
from typing import NamedTuple, overload

from xmm_cli.errors import BadData
from xmm_cli.models import prompts
from xmm_cli.models.adapters.parts import sees_anew
from xmm_cli.models.conversation import Context, Conversation, Conversations
from xmm_cli.models.settings import TrainSettings
from xmm_cli.rows.people import People
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import MODALITIES, Modality, Persona, Source


def sources(source: Source) -> tuple[Modality, ...]:
    """The modalities that a source stands for."""
    return MODALITIES if source == "both" else (source,)


def training_contexts(
    persona: Persona, folder: Path, modality: Modality, views: int | None
) -> list[Context]:
    """The first `views` training views of a persona, or all."""
    if modality == "text":
        contexts = [Context(text=view.text) for view in persona.texts if view.split == "train"]
    else:
        contexts = [
            Context(image=resolve(folder, view.path))
            for view in persona.images
            if view.split == "train"
        ]
    return contexts if views is None else contexts[:views]


def learners(people: People) -> People:
    """Those who are to be learned. Raises `BadData` where there is none."""
    chosen = [(persona, folder) for persona, folder in people if persona.role == "eval"]
    if not chosen:
        raise BadData("no persona has the role eval", "auxiliary people are not learned")
    return chosen


class Exercise(NamedTuple):
    """A question about a context and its right answer."""

    context: Context
    question: str
    answer: str


def exercises(people: People, settings: TrainSettings) -> Iterator[list[Exercise]]:
    """What there is to learn of each person: one exercise a view, then one a fact.

    With `shuffle_names` every view has a name drawn from those of all these people: what holds for
    one view holds for no other, so nothing that is learned helps with an unseen one.
    Raises `BadData` where a person has fewer views than asked for.
    """
    names = [persona.name for persona, _ in people]
    ids = Counter(persona.id for persona, _ in people)
    for persona, folder in people:
        key = persona.id if ids[persona.id] == 1 else f"{persona.dataset} {persona.id}"
        learned = []
        for modality in sources(settings.source):
            for number, context in enumerate(contexts_of(persona, folder, modality, settings)):
                rng = random.Random(f"{settings.seed}: {key}: {modality} {number}")
                name = rng.choice(names) if settings.shuffle_names else persona.name
                learned.append(Exercise(context, prompts.NAME_QUESTIONS[0], name))
        if settings.facts:
            learned += _facts(persona)
        yield learned


ExercisesOf = Callable[[People, TrainSettings], Iterator[list[Exercise]]]
"""What there is to learn, or to forget, of each person."""


def fact_exercises(people: People, settings: TrainSettings, fact: str) -> Iterator[list[Exercise]]:
    """A fact of each person: in words by name, as it is taught, and about each picture.

    Raises `BadData` where a person has fewer pictures than asked for.
    """
    for persona, folder in people:
        value = persona.facts[fact]
        learned = []
        if "image" in sources(settings.source):
            shown = contexts_of(persona, folder, "image", settings)
            learned = [Exercise(one, prompts.fact_questions(fact)[0], value) for one in shown]
        if "text" in sources(settings.source):
            learned.append(_by_name(persona, fact))
        yield learned


def contexts_of(
    persona: Persona, folder: Path, modality: Modality, settings: TrainSettings
) -> list[Context]:
    """The training views that these settings ask for. Raises `BadData` where there are fewer."""
    contexts = training_contexts(persona, folder, modality, settings.views)
    if not contexts or len(contexts) < (settings.views or 0):
        raise BadData(
            f"persona {persona.id} has {len(contexts)} training views in {modality}, "
            f"not {settings.views or 'any'}",
            _mend(persona, modality, len(contexts)),
        )
    return contexts


def _mend(persona: Persona, modality: Modality, there: int) -> str:
    """How to train on what there is of a person."""
    if there:
        return f"ask for fewer: --views {there}"
    other = "text" if modality == "image" else "image"
    views = persona.texts if modality == "image" else persona.images
    if any(view.split == "train" for view in views):
        return f"learn from what there is: --source {other}"
    return "leave this person out, or give it the role aux"


class Anew(Sequence[Conversation]):
    """Exercises that are encoded at every visit.

    Where the tower learns, a conversation holds pixels: those of all would fill the memory.
    """

    def __init__(self, exercises: Sequence[Exercise], conversations: Conversations) -> None:
        self.exercises, self.conversations = exercises, conversations

    def __len__(self) -> int:
        return len(self.exercises)

    @overload
    def __getitem__(self, place: int) -> Conversation: ...

    @overload
    def __getitem__(self, place: slice) -> "Anew": ...

    def __getitem__(self, place: int | slice) -> "Conversation | Anew":
        if isinstance(place, slice):
            return Anew(self.exercises[place], self.conversations)
        return self.conversations.encode(*self.exercises[place])


def build_examples(
    people: People,
    settings: TrainSettings,
    conversations: Conversations,
    progress: Callable[[], None] = lambda: None,
    of: ExercisesOf = exercises,
) -> Sequence[Conversation]:
    """All exercises `of` people, encoded; `progress` is called for each person that is ready.

    Where what sees is to learn, they are encoded to see that they can be, and then as they are
    visited. Pictures that cannot be used are left out, and a warning tells of each.
    Raises `BadData` where views are missing or none can be used, `InputNotFound` where a picture
    is missing.
    """
    anew = sees_anew(conversations.base.model)
    asked: list[Exercise] = []
    examples: list[Conversation] = []
    for group in _filling_batches(of(people, settings)):
        conversations.look_at(
            (exercise.context, exercise.question) for learned in group for exercise in learned
        )
        for learned in group:
            kept = usable(learned, conversations)
            if not anew:
                examples += [conversations.encode(*exercise) for exercise in kept]
            asked += kept
            progress()
    if not asked:
        raise BadData("no picture of anyone can be used", "the warnings above say why")
    return Anew(asked, conversations) if anew else examples


def usable(exercises: Sequence[Exercise], conversations: Conversations) -> list[Exercise]:
    """Those that can be encoded; a warning tells of each picture that cannot be used."""
    return [
        exercise
        for exercise in exercises
        if conversations.usable(exercise.context, exercise.question)
    ]


def _filling_batches(everyone: Iterator[list[Exercise]]) -> Iterator[list[list[Exercise]]]:
    """As few people at a time as fill the tower's batches, where all have as many pictures."""
    from xmm_cli.models.vision.batched import AT_ONCE

    first = next(everyone, [])
    pictures = sum(exercise.context.image is not None for exercise in first)
    everyone = chain([first], everyone)
    while group := list(islice(everyone, AT_ONCE // gcd(AT_ONCE, pictures))):
        yield group


def _facts(persona: Persona) -> Iterator[Exercise]:
    return (_by_name(persona, fact) for fact in persona.facts)


def _by_name(persona: Persona, fact: str) -> Exercise:
    question = prompts.fact_questions(fact, persona.name)[0]
    return Exercise(Context(), question, persona.facts[fact])


def views_used(people: People, settings: TrainSettings) -> int:
    """How many training views each persona was learned from; the least, if they differ."""
    if settings.views is not None:
        return settings.views
    return min(
        len(training_contexts(persona, folder, modality, None))
        for persona, folder in people
        for modality in sources(settings.source)
    )
