"""What is learned: each training view with the person's name, and facts by name if asked for."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from xmm_cli.errors import BadData
from xmm_cli.models import prompts
from xmm_cli.models.conversation import Context, Conversation, Conversations
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import MODALITIES, Modality, Persona, Source
from xmm_cli.training.settings import TrainSettings

People = Sequence[tuple[Persona, Path]]
"""Persona rows, each with the folder that its paths count from."""


def sources(source: Source) -> tuple[Modality, ...]:
    """The modalities that a source stands for."""
    return MODALITIES if source == "both" else (source,)


def training_contexts(
    persona: Persona, folder: Path, modality: Modality, views: int | None
) -> list[Context]:
    """The first `views` training views of a persona, or all."""
    if modality == "text":
        found = [Context(text=view.text) for view in persona.texts if view.split == "train"]
    else:
        found = [
            Context(image=resolve(folder, view.path))
            for view in persona.images
            if view.split == "train"
        ]
    return found if views is None else found[:views]


def learners(people: People) -> People:
    """Those who are to be learned. Raises `BadData` where there is none."""
    chosen = [(persona, folder) for persona, folder in people if persona.role == "eval"]
    if not chosen:
        raise BadData("no persona has the role eval", "auxiliary people are not learned")
    return chosen


def build_examples(
    people: People,
    settings: TrainSettings,
    conversations: Conversations,
    progress: Callable[[], None] = lambda: None,
) -> list[Conversation]:
    """One example a view, then one a fact; every persona has at least as many views as asked for.

    Raises `BadData` where views are missing, `InputNotFound` where a picture is.
    """
    examples = []
    for persona, folder in people:
        for modality in sources(settings.source):
            contexts = training_contexts(persona, folder, modality, settings.views)
            if not contexts or len(contexts) < (settings.views or 0):
                raise BadData(
                    f"persona {persona.id} has {len(contexts)} training views in {modality}, "
                    f"not {settings.views or 'any'}",
                    "ask gen-personas for more --views, or train on fewer",
                )
            question = prompts.NAME_QUESTIONS[0]
            examples += [conversations.encode(one, question, persona.name) for one in contexts]
        if settings.facts:
            examples += _facts(persona, conversations)
        progress()
    return examples


def _facts(persona: Persona, conversations: Conversations) -> Iterable[Conversation]:
    for fact, value in persona.facts.items():
        question = prompts.fact_questions(fact, persona.name)[0]
        yield conversations.encode(Context(), question, value)


def views_used(people: People, settings: TrainSettings) -> int:
    """How many training views each persona was learned from; the least, if they differ."""
    if settings.views is not None:
        return settings.views
    return min(
        len(training_contexts(persona, folder, modality, None))
        for persona, folder in people
        for modality in sources(settings.source)
    )
