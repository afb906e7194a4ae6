"""name: who is this? Ranked among the names of all people measured; chance is one over them."""

from collections.abc import Sequence

from xmm_cli.models import prompts
from xmm_cli.probing.questions import Ask, QuestionText
from xmm_cli.rows.match import Candidates
from xmm_cli.rows.types import Persona


def about(everyone: Sequence[Persona]) -> Ask:
    """One question a view."""
    names = Candidates(other.name for other in everyone)
    question = prompts.NAME_QUESTIONS[0]
    return lambda persona: [QuestionText(question, persona.name, names.with_right(persona.name))]
