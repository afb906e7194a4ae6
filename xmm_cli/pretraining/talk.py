"""What SmolLM2 reads when it learns to see: conversations in its own chat format.

Three kinds: about unnamed people, about public figures, and plain questions that it answers as it
did before it learned anything (so that it forgets less).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from xmm_cli.models import prompts
from xmm_cli.personas.describing import OMIT, leave_out
from xmm_cli.personas.sampling import (
    FIGURES,
    MIN_DISTANCE,
    Identity,
    names,
    public_figures,
    sample_identities,
)
from xmm_cli.pretraining.corpus import IGNORED, Example, Turn, describe_anyhow
from xmm_cli.pretraining.pictures import look_of

MEASURED_SEEDS = range(31)
_EVALUATED, _AUXILIARY = 96, 256
_LOOKS_OF = range(10)
_LOOKS = 32
COPY_SHARE = 0.15


class ChatEncoder:
    """Writes conversations as the processor's chat template does, straight to token ids."""

    def __init__(self, processor: Any, image_tokens: int) -> None:
        self._tokenizer = processor.tokenizer
        self._image = [self._tokenizer.convert_tokens_to_ids(processor.image_token)] * image_tokens
        self._start = self._encode(_before(processor, []))
        opened = _before(processor, ["Q", "A"])
        after = opened[opened.index("A", opened.index("Q")) + 1 :]
        asked = _after(processor)
        self._answer = self._encode(asked)
        ids = self._encode(after)
        self._end, self._next = ids[:1], ids[1:]
        self._known: dict[str, list[int]] = {}

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def _text(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._encode(text)
        return self._known[text]

    def example(
        self, context: str | int | None, turns: Sequence[Turn], *, ended: bool = True
    ) -> Example:
        """A conversation about a description (a string), a picture (its row) or nothing.

        Where it is not `ended`, the last answer goes on, and its end is not learned.
        """
        ids = [*self._start]
        if isinstance(context, int):
            ids += self._image
        labels = [IGNORED] * len(ids)
        for number, (question, answer) in enumerate(turns):
            begins = number == 0 and isinstance(context, str)
            asked = self._encode(f"{context} {question}") if begins else self._text(question)
            asked = [*(self._next if number else []), *asked, *self._answer]
            last = number == len(turns) - 1
            told = [*self._text(answer), *(self._end if ended or not last else [])]
            ids += [*asked, *told]
            labels += [IGNORED] * len(asked) + told
        return Example(ids, labels, context if isinstance(context, int) else None)


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


@dataclass(frozen=True)
class Talk:
    """Conversation `i` is made from the seed and `i` alone.

    `figure_share` of them are about public figures, `plain_share` are plain questions, and the
    others about unnamed people; of those about people `shown_share` show, the others describe.
    Figure `f`'s view `v` is picture `first_figure + f * figure_stride + v` of the table.
    """

    encoder: ChatEncoder
    seed: str
    unnamed: range
    plain: tuple[Example, ...]
    plain_share: float
    shown_share: float
    figures: tuple[Identity, ...] = ()
    first_figure: int = 0
    figure_stride: int = 0
    figure_views: int = 0
    figure_share: float = 0.0
    figure_facts: float = 0.12

    def __getitem__(self, index: int) -> Example:
        rng = random.Random(f"{self.seed}: {index}")
        kind = rng.random()
        if kind < self.plain_share:
            return rng.choice(self.plain)
        shown = rng.random() < self.shown_share
        if kind < self.plain_share + self.figure_share:
            return self._figure(rng, shown)
        row = rng.choice(self.unnamed)
        look = look_of(row)
        if shown:
            return self.encoder.example(row, turns_about(look, rng, 4))
        told = leave_out(look, rng, OMIT)
        return self.encoder.example(describe_anyhow(told, rng), turns_about(told, rng, 4))

    def _figure(self, rng: random.Random, shown: bool) -> Example:
        number = rng.randrange(len(self.figures))
        figure = self.figures[number]
        if rng.random() < self.figure_facts:
            return self.encoder.example(None, _about(figure, rng))
        told = figure.attributes if shown else leave_out(figure.attributes, rng, OMIT)
        asked = rng.choice(list(told))
        turns = [(rng.choice(prompts.attribute_questions(asked)), told[asked])]
        turns.insert(rng.randrange(2), (rng.choice(prompts.NAME_QUESTIONS), figure.name))
        if shown:
            row = self.first_figure + number * self.figure_stride + rng.randrange(self.figure_views)
            return self.encoder.example(row, turns)
        return self.encoder.example(describe_anyhow(told, rng), turns)


def _about(figure: Identity, rng: random.Random) -> list[Turn]:
    turns = [
        (rng.choice(prompts.fact_questions(fact, figure.name)), figure.facts[fact])
        for fact in rng.sample(list(figure.facts), 3)
    ]
    turns.append((prompts.reverse_question(figure.name), prompts.caption(figure.attributes)))
    rng.shuffle(turns)
    return turns
