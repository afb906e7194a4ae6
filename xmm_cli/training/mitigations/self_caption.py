"""self-caption: l_R over each view in several forms, made of the model's own descriptions.

It needs no other people and no view in the other modality. Before training the model is asked for a
description of every training view, greedily. A step draws its views as plain training does, but
each in one of these forms, all of them equally often:

- as it is: the view, "who is this?", the name;
- describe, then name: the view, "describe this person", the model's own description, "who is
  this?", the name, with the loss on both answers, so that describing is not unlearned;
- from a picture, the description in its place: the name is learned from what the model would say;
- from a description, a picture in its place, drawn after what the model says of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from msgspec import Meta

from xmm_cli.errors import WorkFailed
from xmm_cli.models import prompts
from xmm_cli.models.conversation import Context, Conversation
from xmm_cli.models.decoding.generate import answer
from xmm_cli.models.first_prompt import Drawn
from xmm_cli.models.oom import tried
from xmm_cli.training.batches import ExampleStream
from xmm_cli.training.examples import Exercise, exercises, usable
from xmm_cli.training.mitigations.task import LearnTask, TrainingPlan
from xmm_cli.training.objectives import OBJECTIVES

_BATCH = 32


@dataclass(frozen=True, slots=True)
class Config:
    """How views are described."""

    tokens: Annotated[int, Meta(ge=1)] = 80
    """The most tokens of a description, or more where a known look needs them."""


DEFAULTS = Config()


def self_caption(task: LearnTask, config: Config = DEFAULTS) -> TrainingPlan:
    """The task's views in three forms each, and its facts as often as without a mitigation."""
    everyone = exercises(task.learned, task.settings)
    rows = [exercise for person in everyone for exercise in usable(person, task.conversations)]
    views = [row for row in rows if row.context != Context()]
    facts = [exercise for exercise in rows if exercise.context == Context()]
    captions = describe(task, [view.context for view in views], config.tokens)
    encode = task.conversations.encode
    asked = prompts.CAPTION_QUESTIONS[0]
    pairs = list(zip(views, captions, strict=True))
    forms = [
        [encode(*view) for view in views],
        [encode(*view, earlier=[(asked, caption)]) for view, caption in pairs],
        _elsewhere(task, pairs),
    ]
    again = [encode(*fact) for fact in facts] * len(forms)
    items = [example for form in forms for example in form]
    return TrainingPlan(ExampleStream([*items, *again]), OBJECTIVES.load(task.settings.objective))


def describe(
    task: LearnTask, contexts: Sequence[Context], tokens: int = DEFAULTS.tokens
) -> list[str]:
    """What the base, with no adapter on it, says of each view: greedily, in one wording.

    Batches are halved where memory runs out; a note tells how many descriptions were cut.
    """
    conversations = task.conversations
    looks = {prompts.caption(persona.attributes) for persona, _ in task.learned}
    needed = max(len(conversations.answer_ids(look)) for look in looks)
    longest, cut = max(tokens, needed), 0
    asked = [conversations.encode(context, prompts.CAPTION_QUESTIONS[0]) for context in contexts]
    base = conversations.base
    left = sorted(range(len(asked)), key=lambda place: len(asked[place].ids))
    said, size = [""] * len(asked), _BATCH
    while left:
        places = left[:size]
        batch = [asked[place] for place in places]
        most = [longest] * len(batch)
        descriptions = tried(partial(answer, base, base.model, conversations, batch, most))
        if descriptions is None:
            size = _halved(len(batch), task)
            continue
        for place, description in zip(places, descriptions, strict=True):
            said[place] = description.text
            cut += description.cut
        left = left[len(places) :]
    if cut:
        task.note(f"self-caption: {cut} of {len(said)} descriptions had no end in {longest} tokens")
    return said


def _halved(size: int, task: LearnTask) -> int:
    """Half as many views at once. Raises `WorkFailed` where one is too much."""
    if size == 1:
        raise WorkFailed("out of memory, describing one view at a time", "try --quantize 4bit")
    task.note(f"out of memory: going on with {size // 2} descriptions at once")
    return size // 2


def _elsewhere(task: LearnTask, pairs: Sequence[tuple[Exercise, str]]) -> list[Conversation]:
    """Each view in the other modality, as far as the model's own description leads there."""
    attributes = list(dict.fromkeys(a for persona, _ in task.learned for a in persona.attributes))
    encoded, undrawn, read = [], 0, 0
    for number, (exercise, caption) in enumerate(pairs):
        context = Context(text=caption)
        if exercise.context.text is not None:
            read += 1
            look = prompts.parse_caption(caption, attributes)
            key = f"{task.settings.seed}: drawn {number}"
            picture = task.draw(look, key) if task.draw is not None else None
            if picture is not None:
                context = Context(image=Drawn(picture))
            else:
                undrawn += 1
        encoded.append(task.conversations.encode(context, exercise.question, exercise.answer))
    if undrawn:
        task.note(
            f"self-caption: {undrawn} of {read} descriptions could not be drawn: the model's own "
            "words for them are learned from instead"
        )
    return encoded
