"""multiple-choice: `OPTIONS` answers are named in the question, one of them right.

The answer is the option that the model gives the highest log-probability, end token included, after
that question; chance is 1 / `OPTIONS`. The wrong ones are drawn by the seed from the right answers
of the same set (the forget set, for a forgotten person), so that nobody is found by leaving out
those whom the model knows. After the classification task of MLLMU-Bench (Z. Liu et al., arXiv
2410.22108).
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from xmm_cli.probing.answering import Reply, Responder
from xmm_cli.probing.attacks.attack import Around, Attack, CannotAttack
from xmm_cli.probing.questions import Question

OPTIONS = 4


class _Chooses(Responder):
    def __call__(self, batch: Sequence[Question]) -> list[Reply]:
        """One reply a question: the option that the model finds most likely, and its rank."""
        from xmm_cli.models.decoding.rank import path_sums, rank_of, read_tree

        prompts, asked = self.prompts(batch)
        every = tuple(dict.fromkeys(name for one in batch for name in one.asked.candidates))
        tree = self._tree(every)
        reading = read_tree(self.base, self.model, prompts, tree, tops=False)
        replies = []
        for question, words, sums in zip(batch, asked, path_sums(reading.steps, tree), strict=True):
            options = question.asked.candidates
            own = sums[[every.index(name) for name in options]]
            right = options.index(question.asked.expected)
            rank = rank_of(own, right)
            wrong = own.clone()
            wrong[right] = -float("inf")
            chosen = right if rank == 1 else int(wrong.argmax())
            reply = Reply(words, options[chosen], rank=rank, candidates=len(options))
            reply.logprob = round(float(own[right]), 5)
            replies.append(reply)
        return replies


def ask(questions: Sequence[Question], around: Around) -> list[Question]:
    """Each question with its options, in an order drawn by the seed."""
    known: dict[tuple[str, bool], dict[str, None]] = {}
    for one in questions:
        key = (one.asked.question, around.forgotten(one.persona))
        known.setdefault(key, {})[one.asked.expected] = None
    return [_with_options(one, known, around) for one in questions]


def _with_options(
    one: Question, known: dict[tuple[str, bool], dict[str, None]], around: Around
) -> Question:
    asked, persona = one.asked, one.persona
    alike = known[asked.question, around.forgotten(persona)]
    draw = Random(f"{around.seed}: options: {persona.dataset} {persona.id} {asked.question}")
    wrong = [name for name in alike if name != asked.expected]
    others = [name for name in asked.candidates if name != asked.expected and name not in alike]
    if not wrong and not others:
        raise CannotAttack("there is one answer alone to choose from")
    picked = draw.sample(wrong, min(len(wrong), OPTIONS - 1))
    picked += draw.sample(others, min(len(others), OPTIONS - 1 - len(picked)))
    options = [asked.expected, *picked]
    draw.shuffle(options)
    said = f"{', '.join(options[:-1])} or {options[-1]}"
    question = f"{asked.question.rstrip('?')}: {said}?"
    return replace(one, asked=replace(asked, question=question, candidates=tuple(options)))


ATTACK = Attack(ask, responder=_Chooses)
