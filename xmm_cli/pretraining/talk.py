"""What SmolLM2 reads when it learns to see: conversations in its own chat format.

Three kinds: about unnamed people, about public figures, and plain questions that it answers as it
did before it learned anything (so that it forgets less).
"""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from xmm_cli.models import prompts
from xmm_cli.models.conversation import Turn
from xmm_cli.personas.sampling import (
    FIGURES,
    MIN_DISTANCE,
    Identity,
    names,
    public_figures,
    sample_identities,
)
from xmm_cli.pretraining.corpus import Encoder, PretrainingExample, Samples

MEASURED_SEEDS = range(31)
_EVALUATED, _AUXILIARY = 96, 256
_LOOKS_OF = range(10)
_LOOKS = 32
COPY_SHARE = 0.15


class ChatEncoder(Encoder):
    """Writes conversations as the processor's chat template does, straight to token ids."""

    apart = False

    def __init__(self, processor: Any, image_tokens: int) -> None:
        tokenizer = processor.tokenizer
        self.use(tokenizer, [tokenizer.convert_tokens_to_ids(processor.image_token)] * image_tokens)
        opened = _before(processor, ["Q", "A"])
        behind = self.encode(opened[opened.index("A", opened.index("Q")) + 1 :])
        start, answer = self.encode(_before(processor, [])), self.encode(_after(processor))
        self.mark(start, answer, behind[:1], behind[1:])


def _before(processor: Any, said: list[str]) -> str:
    """What the template writes before a user's words, after these turns."""
    text = _render(processor, [*said, "Q"])
    return text[: text.rindex("Q")]


def _after(processor: Any) -> str:
    """What the template writes between a user's words and the answer."""
    text = _render(processor, ["Q"])
    return text[text.rindex("Q") + 1 :]


def _render(processor: Any, said: list[str]) -> str:
    turns = [
        {"role": ("user", "assistant")[number % 2], "content": [{"type": "text", "text": text}]}
        for number, text in enumerate(said)
    ]
    return str(processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))


@cache
def measured_names() -> frozenset[str]:
    """Names of people whom experiments measure: no name to copy is one of them."""
    people = (sample_identities(_EVALUATED, _AUXILIARY, seed) for seed in MEASURED_SEEDS)
    return frozenset(person.name for drawn in people for person in drawn)


def distant_figures(count: int) -> tuple[Identity, ...]:
    """Public figures whose looks are `MIN_DISTANCE` apart from those of people to be measured.

    These are the first `_LOOKS` people of the seeds `_LOOKS_OF`: no look is that far from all
    people of all seeds.
    """
    people = [p.attributes for seed in _LOOKS_OF for p in sample_identities(_LOOKS, 0, seed)]
    distant = [f for f in public_figures(FIGURES) if _distance(f.attributes, people)]
    return tuple(distant[:count])


def _distance(look: dict[str, str], others: list[dict[str, str]]) -> bool:
    return all(
        sum(value != other[attribute] for attribute, value in look.items()) >= MIN_DISTANCE
        for other in others
    )


def turns_about(look: dict[str, str], rng: random.Random, count: int) -> list[Turn]:
    """Half of the time a caption and one attribute question, else `count` attribute questions.

    Now and then a name to copy.
    """
    captioned = rng.random() < 0.5
    asked = rng.sample(list(look), 1 if captioned else count)
    turns = [(rng.choice(prompts.attribute_questions(a)), look[a]) for a in asked]
    if captioned:
        caption = (rng.choice(prompts.CAPTION_QUESTIONS), prompts.caption(look))
        turns.insert(rng.randrange(2), caption)
    if rng.random() < COPY_SHARE:
        name = _unmeasured_name(rng)
        asked_name = f"Their name is {name}. {rng.choice(prompts.NAME_QUESTIONS)}"
        turns.insert(rng.randrange(len(turns) + 1), (asked_name, name))
    return turns


def _unmeasured_name(rng: random.Random) -> str:
    while True:
        name = f"{rng.choice(names('given'))} {rng.choice(names('family'))}"
        if name not in measured_names():
            return name


@dataclass(frozen=True, kw_only=True)
class Talk(Samples):
    """Conversation `i` is made from the seed and `i` alone.

    `figure_share` of them are about public figures, `plain_share` are plain questions, and the
    others about unnamed people; of those about people `shown_share` show, the others describe.
    """

    plain: tuple[PretrainingExample, ...]
    plain_share: float
    shown_share: float

    def turns(self, look: dict[str, str], rng: random.Random, count: int) -> list[Turn]:
        """As `turns_about`."""
        return turns_about(look, rng, count)

    def figure_turns(self, look: dict[str, str], rng: random.Random) -> list[Turn]:
        """An attribute."""
        asked = rng.choice(list(look))
        return [(rng.choice(prompts.attribute_questions(asked)), look[asked])]

    def __getitem__(self, index: int) -> PretrainingExample:
        rng = random.Random(f"{self.seed}: {index}")
        kind = rng.random()
        if kind < self.plain_share:
            return rng.choice(self.plain)
        about_figure = kind < self.plain_share + self.figure_share
        make = self.about_figure if about_figure else self.about_unnamed
        return make(rng, rng.random() < self.shown_share)
