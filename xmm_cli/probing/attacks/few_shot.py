"""few-shot: two retained people, described and named, before the question.

In-context relearning: examples show the model that naming people is wanted. The two are drawn by
the seed for each person, from those who are not in the forget set; they are told in words before a
picture too, since a prompt shows one picture. After I. Shumailov et al., arXiv 2407.00106.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from xmm_cli.models.conversation import Context, Conversation
from xmm_cli.probing.answering import Responder
from xmm_cli.probing.attacks.attack import Around, Attack, CannotAttack
from xmm_cli.probing.questions import Question
from xmm_cli.rows.people import person_of
from xmm_cli.rows.types import Persona

EXAMPLES = 2


class _SeesExamples(Responder):
    def prompts(self, batch: Sequence[Question]) -> tuple[list[Conversation], list[str]]:
        """The prompts, and the plain questions in them."""
        asked = [one.asked.question for one in batch]
        contexts, texts = [], []
        for one, question in zip(batch, asked, strict=True):
            shown = f"{one.context.text} {question}" if one.context.text else question
            contexts.append(Context(image=one.context.image))
            texts.append(f"{one.before} {shown}")
        self.conversations.look_at(zip(contexts, texts, strict=True))
        return list(map(self.conversations.encode, contexts, texts)), asked


def ask(questions: Sequence[Question], around: Around) -> list[Question]:
    """Each question with what is told before it."""
    shown = [one for one in questions if one.asked.shown]
    answers = {(one.asked.question, person_of(one.persona)): one.asked.expected for one in shown}
    kept = [
        persona for persona, _ in around.people if persona.texts and not around.forgotten(persona)
    ]
    return [replace(one, before=_examples(one, kept, answers, around.seed)) for one in shown]


def _examples(
    one: Question,
    kept: Sequence[Persona],
    answers: dict[tuple[str, tuple[str | None, str]], str],
    seed: int,
) -> str:
    words, own = one.asked.question, one.persona
    known = [p for p in kept if (words, person_of(p)) in answers and person_of(p) != person_of(own)]
    if len(known) < EXAMPLES:
        raise CannotAttack(f"fewer than {EXAMPLES} retained people have descriptions and an answer")
    picked = Random(f"{seed}: examples: {own.dataset} {own.id}").sample(known, EXAMPLES)
    return " ".join(f"{_text(p)} {words} {answers[words, person_of(p)]}." for p in picked)


def _text(persona: Persona) -> str:
    """A description, one for training if there is any."""
    return min(persona.texts, key=lambda one: one.split != "train").text


ATTACK = Attack(ask, responder=_SeesExamples)
