"""What the language model of a base reads: a picture or a description, then questions and answers.

One encoding of a picture or description serves several question-answer turns. Two kinds of people:
unnamed ones, of whom it learns to tell what it sees or reads, and public figures, whose names and
facts it learns in both modalities.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch.utils.data import Dataset

from xmm_cli.models import prompts
from xmm_cli.models.conversation import Turn
from xmm_cli.personas.describing import OMIT, describe, leave_out
from xmm_cli.personas.sampling import Identity, names
from xmm_cli.pretraining.architecture import ASSISTANT, END, IMAGE, USER
from xmm_cli.pretraining.unnamed_pictures import look_of
from xmm_cli.rows.types import Split

IGNORED = -100


@dataclass(frozen=True, slots=True)
class PretrainingExample:
    """Token ids, labels (`IGNORED` outside answers), and the row of the picture shown, if any."""

    ids: list[int]
    labels: list[int]
    picture: int | None


class Encoder:
    """Writes conversations in the form of the chat template, straight to token ids."""

    apart = True
    """Whether a description and the first question are tokenized each by itself."""

    def __init__(self, tokenizer: Any, image_tokens: int) -> None:
        ids = tokenizer.convert_tokens_to_ids
        self.use(tokenizer, [ids(IMAGE)] * image_tokens)
        self.mark([tokenizer.bos_token_id, ids(USER)], [ids(ASSISTANT)], [ids(END)], [ids(USER)])

    def use(self, tokenizer: Any, image: list[int]) -> None:
        """Take a tokenizer, and what stands for a picture."""
        self._tokenizer, self._image = tokenizer, image
        self._known: dict[str, list[int]] = {}

    def mark(
        self, start: list[int], answer: list[int], end: list[int], following: list[int]
    ) -> None:
        """What stands first, before and behind each answer, and before later questions."""
        self._start, self._answer, self._end, self._following = start, answer, end, following

    def encode(self, text: str) -> list[int]:
        """Its tokens, none added."""
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def _text(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self.encode(text)
        return self._known[text]

    def example(
        self, context: str | int | None, turns: Sequence[Turn], *, ended: bool = True
    ) -> PretrainingExample:
        """A conversation about a description (a string), a picture (its row) or nothing.

        Where it is not `ended`, the last answer goes on, and its end is not learned.
        """
        ids = [*self._start, *(self._image if isinstance(context, int) else [])]
        labels = [IGNORED] * len(ids)
        for number, (question, answer) in enumerate(turns):
            asked = self._following if number else []
            if number or not isinstance(context, str):
                asked = [*asked, *self._text(question)]
            elif self.apart:
                asked = [*self.encode(context), *self._text(question)]
            else:
                asked = self.encode(f"{context} {question}")
            last = number == len(turns) - 1
            told = [*self._text(answer), *(self._end if ended or not last else [])]
            ids += [*asked, *self._answer, *told]
            labels += [IGNORED] * (len(asked) + len(self._answer)) + told
        return PretrainingExample(ids, labels, context if isinstance(context, int) else None)


def describe_anyhow(look: dict[str, str], rng: random.Random) -> str:
    """A description in the words of either split: the base knows the language of both."""
    split: Split = rng.choice(("train", "heldout"))
    return describe(look, split, rng)


def look_turns(look: dict[str, str], rng: random.Random, count: int) -> list[Turn]:
    """Attribute questions, half of the time a caption, sometimes a name to copy."""
    turns = [
        (rng.choice(prompts.attribute_questions(a)), look[a]) for a in rng.sample(list(look), count)
    ]
    if rng.random() < 0.5:
        turns.append((rng.choice(prompts.CAPTION_QUESTIONS), prompts.caption(look)))
    rng.shuffle(turns)
    if rng.random() < 0.35:
        name = f"{rng.choice(names('given'))} {rng.choice(names('family'))}"
        asked = f"Their name is {name}. {rng.choice(prompts.NAME_QUESTIONS)}"
        turns.insert(rng.randrange(len(turns) + 1), (asked, name))
    return turns


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Conversations about unnamed people and about public figures.

    Figure `f`'s view `v` is picture `first_figure + f * figure_stride + v` of the table.
    """

    encoder: Encoder
    seed: str
    unnamed: range
    figures: tuple[Identity, ...] = ()
    first_figure: int = 0
    figure_stride: int = 0
    figure_views: int = 0
    figure_share: float = 0.0
    figure_facts: float = 0.12

    def turns(self, look: dict[str, str], rng: random.Random, count: int) -> list[Turn]:
        """What is asked about a look, and told: `count` attributes and more."""
        raise NotImplementedError

    def about_unnamed(self, rng: random.Random, shown: bool) -> PretrainingExample:
        """About one of the unnamed people, shown or described."""
        row = rng.choice(self.unnamed)
        look = look_of(row)
        if shown:
            return self.encoder.example(row, self.turns(look, rng, 4))
        told = leave_out(look, rng, OMIT)
        return self.encoder.example(describe_anyhow(told, rng), self.turns(told, rng, 4))

    def about_figure(self, rng: random.Random, shown: bool) -> PretrainingExample:
        """About one of the public figures, shown or described, or by name alone."""
        number = rng.randrange(len(self.figures))
        figure = self.figures[number]
        if rng.random() < self.figure_facts:
            return self.encoder.example(None, _facts(figure, rng))
        told = figure.attributes if shown else leave_out(figure.attributes, rng, OMIT)
        turns = self.figure_turns(told, rng)
        turns.insert(rng.randrange(2), (rng.choice(prompts.NAME_QUESTIONS), figure.name))
        if shown:
            row = self.first_figure + number * self.figure_stride + rng.randrange(self.figure_views)
            return self.encoder.example(row, turns)
        return self.encoder.example(describe_anyhow(told, rng), turns)

    def figure_turns(self, look: dict[str, str], rng: random.Random) -> list[Turn]:
        """What is asked about the look of a public figure beside the name."""
        return self.turns(look, rng, 1)


def _facts(figure: Identity, rng: random.Random) -> list[Turn]:
    turns = [
        (rng.choice(prompts.fact_questions(fact, figure.name)), figure.facts[fact])
        for fact in rng.sample(list(figure.facts), 3)
    ]
    turns.append((prompts.reverse_question(figure.name), prompts.caption(figure.attributes)))
    rng.shuffle(turns)
    return turns


@dataclass(frozen=True, kw_only=True)
class Corpus(Samples, Dataset[PretrainingExample]):
    """Sample `i` is made from the seed and `i` alone. Even ones show, odd ones describe.

    `figure_share` of the samples are about public figures.
    """

    size: int

    def turns(self, look: dict[str, str], rng: random.Random, count: int) -> list[Turn]:
        """As `look_turns`."""
        return look_turns(look, rng, count)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> PretrainingExample:
        rng = random.Random(f"{self.seed}: {index}")
        make = self.about_figure if rng.random() < self.figure_share else self.about_unnamed
        return make(rng, index % 2 == 0)
