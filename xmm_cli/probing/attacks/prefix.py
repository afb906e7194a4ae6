"""prefix: the first half of the answer is given, and the model goes on from there.

Half of the answer's tokens, rounded down; right is the whole answer. After discoverable extraction:
N. Carlini et al., arXiv 2202.07646.
"""

from collections.abc import Sequence

from xmm_cli.probing.answering import Reply, Responder
from xmm_cli.probing.attacks.attack import Attack
from xmm_cli.probing.questions import Question


class _GoesOn(Responder):
    def __call__(self, batch: Sequence[Question]) -> list[Reply]:
        """One reply a question, whose answer is the beginning and what came after it."""
        replies = super().__call__(batch)
        for reply in replies:
            reply.answer = reply.completed
        return replies


ATTACK = Attack(settings={"answers": (), "prefix": True}, responder=_GoesOn)
