"""What the language model of a base reads: a picture or a description, then questions and answers.

One encoding of a picture or description serves several question-answer turns. Two kinds of people:
unnamed ones, of whom it learns to tell what it sees or reads, and public figures, whose names and
facts it learns in both modalities.
"""

import random
from dataclasses import dataclass
from typing import Any

from torch.utils.data import Dataset

from xmm_cli.models import prompts
from xmm_cli.personas.describing import OMIT, describe, leave_out
from xmm_cli.personas.sampling import Identity, names
from xmm_cli.pretraining.architecture import ASSISTANT, END, IMAGE, USER
from xmm_cli.pretraining.pictures import look_of
from xmm_cli.rows.types import Split

IGNORED = -100
Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids, labels (`IGNORED` outside answers), and the row of the picture shown, if any."""

    ids: list[int]
    labels: list[int]
    picture: int | None


class Encoder:
    """Writes conversations in the form of the chat template, straight to token ids."""

    def __init__(self, tokenizer: Any, image_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        ids = tokenizer.convert_tokens_to_ids
        self._start = [tokenizer.bos_token_id, ids(USER)]
        self._user, self._assistant, self._end = ids(USER), ids(ASSISTANT), ids(END)
        self._image = [ids(IMAGE)] * image_tokens

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def _question(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._encode(text)
        return self._known[text]

    def example(self, context: str | int | None, turns: list[Turn]) -> Example:
        """A conversation about a description (a string), a picture (its row) or nothing."""
        ids = list(self._start)
        if isinstance(context, str):
            ids += self._encode(context)
        elif context is not None:
            ids += self._image
        labels = [IGNORED] * len(ids)
        for position, (question, answer) in enumerate(turns):
            asked = ([self._user] if position else []) + self._question(question)
            told = [*self._question(answer), self._end]
            ids += [*asked, self._assistant, *told]
            labels += [IGNORED] * (len(asked) + 1) + told
        return Example(ids, labels, context if isinstance(context, int) else None)


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


@dataclass(frozen=True)
class Corpus(Dataset[Example]):
    """Sample `i` is made from the seed and `i` alone. Even ones show, odd ones describe.

    `figure_share` of the samples are about public figures, whose pictures lie behind those of the
    unnamed people: figure `f`'s view `v` is picture `pictures + f * figure_stride + v`.
    """

    encoder: Encoder
    size: int
    seed: str
    unnamed: range
    pictures: int
    figures: tuple[Identity, ...] = ()
    figure_stride: int = 0
    figure_views: int = 0
    figure_share: float = 0.0
    figure_facts: float = 0.12

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Example:
        rng = random.Random(f"{self.seed}: {index}")
        make = self._figure if rng.random() < self.figure_share else self._unnamed
        return make(rng, index % 2 == 0)

    def _unnamed(self, rng: random.Random, shown: bool) -> Example:
        row = rng.choice(self.unnamed)
        look = look_of(row)
        if shown:
            return self.encoder.example(row, look_turns(look, rng, 4))
        told = leave_out(look, rng, OMIT)
        return self.encoder.example(describe_anyhow(told, rng), look_turns(told, rng, 4))

    def _figure(self, rng: random.Random, shown: bool) -> Example:
        number = rng.randrange(len(self.figures))
        figure = self.figures[number]
        if rng.random() < self.figure_facts:
            return self.encoder.example(None, self._about(figure, rng))
        told = figure.attributes if shown else leave_out(figure.attributes, rng, OMIT)
        turns = look_turns(told, rng, 1)
        turns.insert(rng.randrange(2), (rng.choice(prompts.NAME_QUESTIONS), figure.name))
        if shown:
            view = rng.randrange(self.figure_views)
            return self.encoder.example(self.pictures + number * self.figure_stride + view, turns)
        return self.encoder.example(describe_anyhow(told, rng), turns)

    @staticmethod
    def _about(figure: Identity, rng: random.Random) -> list[Turn]:
        turns = [
            (rng.choice(prompts.fact_questions(fact, figure.name)), figure.facts[fact])
            for fact in rng.sample(list(figure.facts), 3)
        ]
        turns.append((prompts.reverse_question(figure.name), prompts.caption(figure.attributes)))
        rng.shuffle(turns)
        return turns
