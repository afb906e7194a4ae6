"""describe-first: the model describes the view, and is then asked, in a second turn.

What it says may lead it where the view no longer does: from a picture through words, or from one
wording through its own. xmm's own, as `--asking describe-first`.
"""

from collections.abc import Sequence

from xmm_cli.probing.attacks.attack import Around, Attack, ByTurns
from xmm_cli.probing.questions import Question


def ask(questions: Sequence[Question], _: Around) -> list[Question]:
    """The questions about a view."""
    return [one for one in questions if one.asked.shown]


ATTACK = Attack(ask, settings={"asking": "describe-first"}, responder=ByTurns, asks=3)
