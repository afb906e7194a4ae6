"""name: who is this? Ranked among the names of all people measured; chance is one over them."""

from collections.abc import Sequence

from xmm_cli.models import prompts
from xmm_cli.probing.questions import Ask, Asked
from xmm_cli.rows.types import Persona


def about(everyone: Sequence[Persona]) -> Ask:
    """One question a view."""
    names = tuple(dict.fromkeys(other.name for other in everyone))
    return lambda persona: [Asked(prompts.NAME_QUESTIONS[0], persona.name, names)]
