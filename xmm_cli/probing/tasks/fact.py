"""fact: what is not visible and tied to the name.

Each fact is asked about every view, which takes two hops, from the view to the name and from the
name to the fact, and once by name, with nothing shown. The hop from the view to the name is the
task name. A fact is ranked among the values that the people measured have.
"""

from collections.abc import Sequence

from xmm_cli.models import prompts
from xmm_cli.probing.questions import Ask, QuestionText, distinct
from xmm_cli.rows.types import Persona


def about(everyone: Sequence[Persona]) -> Ask:
    """Two questions per fact of a persona: about a view, and by name."""
    values = distinct(person.facts for person in everyone)

    def ask(persona: Persona) -> list[QuestionText]:
        asked = []
        for fact, value in persona.facts.items():
            among = values[fact].with_right(value)
            about_view = prompts.fact_questions(fact)[0]
            asked.append(QuestionText(about_view, value, among, hops=2, fact=fact))
            by_name = prompts.fact_questions(fact, persona.name)[0]
            asked.append(QuestionText(by_name, value, among, shown=False, fact=fact))
        return asked

    return ask
