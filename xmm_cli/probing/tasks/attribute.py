"""attribute: the control that a model can see and read at all.

Each attribute is ranked among the values that the people measured have. A description may leave
an attribute out, so its ceiling in text lies a little below 1.
"""

from collections.abc import Sequence

from xmm_cli.models import prompts
from xmm_cli.probing.questions import Ask, QuestionText, distinct
from xmm_cli.rows.types import Persona


def about(everyone: Sequence[Persona]) -> Ask:
    """One question per attribute of a persona, for a view."""
    values = distinct(person.attributes for person in everyone)

    def ask(persona: Persona) -> list[QuestionText]:
        return [
            QuestionText(
                prompts.attribute_questions(attribute)[0],
                value,
                values[attribute].with_right(value),
            )
            for attribute, value in persona.attributes.items()
        ]

    return ask
