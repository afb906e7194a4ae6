"""relearn: some of the forgotten are taught again for a few steps, and the rest is asked.

`xmm train --init CHECKPOINT --only forget:0.5 --rehearse` teaches them, with the retain set
rehearsed beside, so that the attack does not wreck the model; what is then asked about the rest of
the forget set has rows of this attack, and those who were taught are the set `relearned`: their own
recall says whether the attack worked. After S. Hu et al., arXiv 2406.13356, and 2505.16831.
"""

from collections.abc import Sequence

from xmm_cli.probing.attacks.attack import Around, Attack, CannotAttack
from xmm_cli.probing.questions import Question


def ask(questions: Sequence[Question], around: Around) -> list[Question]:
    """The plain questions, of a checkpoint that was taught again."""
    arguments = {} if around.checkpoint is None else around.checkpoint.arguments
    if not arguments.get("relearn_people"):
        raise CannotAttack(
            "no one was taught again: xmm train --init DIR --only forget:0.5 --rehearse"
        )
    return list(questions)


ATTACK = Attack(ask)
