"""reverse: from the name to the look.

A generated description is judged attribute by attribute, in a row each, and chance is what the
untrained base scores. Ranked are the whole descriptions of all people measured, in a row of its
own; chance is one over them.
"""

from collections.abc import Sequence

from xmm_cli.models import prompts
from xmm_cli.probing.questions import DESCRIPTION_TOKENS, Ask, QuestionText
from xmm_cli.rows.types import Persona


def about(everyone: Sequence[Persona]) -> Ask:
    """One question a person, by name; none where nothing is known of the look."""
    looks = tuple(dict.fromkeys(prompts.caption(p.attributes) for p in everyone if p.attributes))

    def ask(persona: Persona) -> list[QuestionText]:
        if not persona.attributes:
            return []
        return [
            QuestionText(
                prompts.reverse_question(persona.name),
                prompts.caption(persona.attributes),
                looks,
                shown=False,
                tokens=DESCRIPTION_TOKENS,
                parts=persona.attributes,
            )
        ]

    return ask
