"""Inside the model: where its layers treat a person seen and a person read about alike.

All measures are taken at the answer position of the name question: the last token of the prompt.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from xmm_cli.errors import BadData
from xmm_cli.models.conversation import Conversations
from xmm_cli.probing.probe import ProbeSettings, Subject, batches
from xmm_cli.probing.questions import Question
from xmm_cli.probing.similarity import linear_cka, permuted_cka, same_is_nearest
from xmm_cli.probing.states import Lens, States, find_states
from xmm_cli.rows.people import dataset_of, person_of, set_of
from xmm_cli.rows.types import MODALITIES, Inside, Modality, Persona, Trace

DIGITS = 6


def trace(
    subject: Subject,
    questions: Sequence[Question],
    conversations: Conversations,
    settings: ProbeSettings,
    *,
    run: str,
    seed: int = 0,
    stepped: Callable[[int], None] = lambda _: None,
) -> Iterator[Trace]:
    """The `trace` rows of one model, layer by layer; `questions` ask for names in both modalities.

    Chance is, for `retrieval`, the person's share of the views in the other modality; for
    `alignment` the same with persons permuted by the seed; for `decodable` one over the distinct
    first tokens of all names. Where nothing varies between persons, as in the embeddings of the
    last token, alignment is undefined and has no row. Nearest views that tie are no one's.
    Views whose picture cannot be used are left out.
    Raises `BadData` where a modality has no views, and as `probe` does.
    """
    encode, usable = conversations.encode, conversations.usable
    questions = [one for one in questions if usable(one.context, one.asked.question)]
    for modality in MODALITIES:
        if not any(question.modality == modality for question in questions):
            raise BadData(f"no views in {modality}", "a trace compares both modalities")
    first = {name: conversations.answer_ids(name)[0] for name in _names(questions)}
    tokens = list(dict.fromkeys(first.values()))
    place = {name: tokens.index(token) for name, token in first.items()}
    parts = list(batches(questions, settings.batch_size))
    right = [[place[q.asked.expected] for q in part] for part in parts]
    with subject.model() as model:
        # one batch at a time: where the tower has learned, a prompt holds pixels
        prompts = ([encode(q.context, q.asked.question) for q in part] for part in parts)
        lens = Lens(subject.base.model, tokens)
        states = find_states(subject.base, model, prompts, right, lens, stepped)
    yield from _Rows(subject, _Views(questions), settings, run, seed).rows(states, len(tokens))


def _names(questions: Sequence[Question]) -> list[str]:
    """Everyone's name, once."""
    return list(dict.fromkeys(name for question in questions for name in question.asked.candidates))


class _Views:
    """Which of the questions are about whom, in which modality."""

    def __init__(self, questions: Sequence[Question]) -> None:
        everyone = {person_of(question.persona): question.persona for question in questions}
        self.personas = list(everyone.values())
        numbers = {key: number for number, key in enumerate(everyone)}
        self.who = torch.tensor([numbers[person_of(question.persona)] for question in questions])
        self.where = {
            modality: torch.tensor([question.modality == modality for question in questions])
            for modality in MODALITIES
        }

    def people(self, modality: Modality) -> torch.Tensor:
        """The number of the person of each view in a modality."""
        return self.who[self.where[modality]]

    def per_person(self, values: torch.Tensor, modality: Modality) -> tuple[torch.Tensor, ...]:
        """Mean of the values `(views, …)` of each person, and how many; 0 of no views."""
        who = self.people(modality)
        counts = torch.bincount(who, minlength=len(self.personas))
        sums = values.new_zeros(len(self.personas), *values.shape[1:], dtype=torch.float64)
        sums.index_add_(0, who, values.double())
        shape = (-1, *[1] * (values.dim() - 1))
        return sums / counts.clamp(min=1).view(shape), counts


@dataclass(frozen=True, slots=True)
class _Rows:
    """Makes rows out of states."""

    subject: Subject
    views: _Views
    settings: ProbeSettings
    run: str
    seed: int

    def rows(self, states: States, tokens: int) -> Iterator[Trace]:
        last = len(states.hidden) - 1
        for layer, (hidden, told) in enumerate(zip(states.hidden, states.told, strict=True)):
            at = (layer, last)
            image, text = (hidden[self.views.where[modality]] for modality in MODALITIES)
            yield from self._retrieval(at, "image", "text", image, text)
            yield from self._retrieval(at, "text", "image", text, image)
            yield from self._alignment(at, image, text)
            chance = torch.full((len(self.views.personas),), 1 / tokens)
            for modality in MODALITIES:
                found = told[self.views.where[modality]]
                yield from self._people("decodable", at, modality, found, chance)

    def _retrieval(
        self,
        at: tuple[int, int],
        modality: Modality,
        other: Modality,
        views: torch.Tensor,
        others: torch.Tensor,
    ) -> Iterator[Trace]:
        who, who_else = self.views.people(modality), self.views.people(other)
        found = same_is_nearest(views, others, who, who_else)
        chance = torch.bincount(who_else, minlength=len(self.views.personas)) / len(who_else)
        yield from self._people("retrieval", at, modality, found, chance)

    def _alignment(
        self, at: tuple[int, int], image: torch.Tensor, text: torch.Tensor
    ) -> Iterator[Trace]:
        seen, looks = self.views.per_person(image, "image")
        read, texts = self.views.per_person(text, "text")
        both = (looks > 0) & (texts > 0)
        value = linear_cka(seen[both], read[both])
        chance = permuted_cka(seen[both], read[both], self.seed)
        if value is not None and chance is not None:
            yield self._row("alignment", at, None, None, value, chance, int(both.sum()))

    def _people(
        self,
        measure: Inside,
        at: tuple[int, int],
        modality: Modality,
        found: torch.Tensor,
        chance: torch.Tensor,
    ) -> Iterator[Trace]:
        """A row for each person who has views in the modality."""
        shares, counts = self.views.per_person(found, modality)
        for number, persona in enumerate(self.views.personas):
            count = int(counts[number])
            if count:
                value, guess = float(shares[number]), float(chance[number])
                yield self._row(measure, at, modality, persona, value, guess, count)

    def _row(
        self,
        measure: Inside,
        at: tuple[int, int],
        modality: Modality | None,
        persona: Persona | None,
        value: float,
        chance: float,
        n: int,
    ) -> Trace:
        checkpoint = self.subject.checkpoint
        return Trace(
            run=self.run,
            checkpoint=None if checkpoint is None else checkpoint.path,
            base=self.subject.base.name,
            source=None if checkpoint is None else checkpoint.source,
            measure=measure,
            layer=at[0],
            layers=at[1],
            modality=modality,
            persona=None if persona is None else persona.id,
            dataset=dataset_of(self.views.personas) if persona is None else persona.dataset,
            set=None if persona is None else set_of(checkpoint, persona),
            value=round(value, DIGITS),
            chance=round(chance, DIGITS),
            n=n,
            condition=self.subject.condition(self.settings.labels),
        )
