"""Examples to learn, each in the company of an auxiliary person in both modalities."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from torch.utils.data import Dataset

from xmm_cli.errors import BadData
from xmm_cli.models import prompts
from xmm_cli.models.conversation import Conversation
from xmm_cli.rows.match import normalise
from xmm_cli.rows.types import Modality
from xmm_cli.training.batch import Part, Parts
from xmm_cli.training.batches import Example, Item
from xmm_cli.training.examples import contexts_of
from xmm_cli.training.mitigations.task import LearnTask


@dataclass(frozen=True, slots=True)
class Companion:
    """An auxiliary person: the name question about each training view, answered."""

    shown: Sequence[Conversation]
    told: Sequence[Conversation]


class Companions(Dataset[Item]):
    """Every example to learn, beside an auxiliary person in a picture and in a description.

    Item `i` is made from the seed and `i` alone: person and views are drawn anew at every visit.
    `rounds` says how often each example is visited in one pass.
    """

    def __init__(
        self,
        examples: Sequence[Conversation],
        companions: Sequence[Companion],
        rounds: int,
        seed: int,
    ) -> None:
        self.examples, self.companions = examples, companions
        self.rounds, self.seed = rounds, seed

    def __len__(self) -> int:
        return len(self.examples) * self.rounds

    def __getitem__(self, index: int) -> Item:
        rng = random.Random(f"{self.seed}: companion {index}")
        person = rng.choice(self.companions)
        return {
            "retain": Example(self.examples[index % len(self.examples)]),
            "shown": Example(rng.choice(person.shown)),
            "told": Example(rng.choice(person.told)),
        }


def both_views(parts: Parts) -> tuple[Part, Part]:
    """The auxiliary people in pictures and in descriptions.

    Raises `ValueError` where there are none: a defect of the caller.
    """
    if parts.shown is None or parts.told is None:
        raise ValueError("this loss needs auxiliary people in both modalities")
    return parts.shown, parts.told


def accompanied(task: LearnTask) -> Companions:
    """The task's examples with its auxiliary people, for as many visits as there are steps.

    Raises `BadData` where an auxiliary person lacks views or has the name of one who is learned,
    `InputNotFound` where a picture is missing.
    """
    names = {normalise(persona.name) for persona, _ in task.learned}
    for persona, _ in task.aux:
        if normalise(persona.name) in names:
            raise BadData(f"auxiliary person {persona.id} has the name of one who is learned")
    question = prompts.NAME_QUESTIONS[0]

    def views(modality: Modality) -> list[list[Conversation]]:
        return [
            [
                task.conversations.encode(context, question, persona.name)
                for context in contexts_of(persona, folder, modality, task.settings)
                if task.conversations.usable(context, question)
            ]
            for persona, folder in task.aux
        ]

    pairs = zip(views("image"), views("text"), strict=True)
    companions = [Companion(shown, told) for shown, told in pairs if shown and told]
    if not companions:
        raise BadData("no picture of an auxiliary person can be used")
    visits = task.steps * task.settings.batch_size
    rounds = visits // len(task.examples) + 1
    return Companions(task.examples, companions, rounds, task.settings.seed)
