"""attribute: the control that a model can see and read at all.

Each attribute is ranked among the values that the people measured have. A description may leave
an attribute out, so its ceiling in text lies a little below 1.
"""

from collections.abc import Sequence

from xmm_cli.models import prompts
from xmm_cli.probing.questions import Asked
from xmm_cli.rows.types import Persona


def ask(persona: Persona, everyone: Sequence[Persona]) -> list[Asked]:
    """One question per attribute of the persona, for a view."""
    asked = []
    for attribute, value in persona.attributes.items():
        values = sorted({p.attributes[attribute] for p in everyone if attribute in p.attributes})
        question = prompts.attribute_questions(attribute)[0]
        asked.append(Asked(question, value, tuple(values)))
    return asked
