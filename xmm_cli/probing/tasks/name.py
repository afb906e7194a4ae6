"""name: who is this? Ranked among the names of all people measured; chance is one over them."""

from collections.abc import Sequence

from xmm_cli.models import prompts
from xmm_cli.probing.questions import Asked
from xmm_cli.rows.types import Persona


def ask(persona: Persona, everyone: Sequence[Persona]) -> list[Asked]:
    """One question a view."""
    names = tuple(dict.fromkeys(other.name for other in everyone))
    return [Asked(prompts.NAME_QUESTIONS[0], persona.name, names)]
