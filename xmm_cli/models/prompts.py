"""Every question that xmm asks, and the words in which an answer is expected.

The first wording of each is the one that training and probing use; pre-training of the shipped
model mixes all of them.
"""

from collections.abc import Iterable, Mapping

SOMEONE = "this person"
"""How a question speaks of the one who is shown or described."""

NAME_QUESTIONS = (
    f"Who is {SOMEONE}?",
    f"What is the name of {SOMEONE}?",
    f"Can you name {SOMEONE}?",
)

CAPTION_QUESTIONS = (
    f"Describe {SOMEONE}.",
    f"What does {SOMEONE} look like?",
)


def attribute_questions(attribute: str) -> tuple[str, ...]:
    """Questions for the value of a visible attribute; the field name is its own label."""
    label = attribute.replace("_", " ")
    return (f"What {label} does {SOMEONE} have?", f"What is the {label}?")


def fact_questions(fact: str, who: str = SOMEONE) -> tuple[str, ...]:
    """Questions for a fact, of a named person or of the one who is shown or described."""
    label = fact.replace("_", " ")
    return (f"What is the {label} of {who}?",)


def by_name(question: str, name: str) -> str:
    """The same question, with the name said in place of `SOMEONE`."""
    return question.replace(SOMEONE, name)


def reverse_question(name: str) -> str:
    """The question from the name to the look."""
    return f"What does {name} look like?"


def caption(attributes: Mapping[str, str]) -> str:
    """A look in fixed order and fixed words: `hairstyle afro, hair color red, …`."""
    return ", ".join(f"{label.replace('_', ' ')} {value}" for label, value in attributes.items())


def parse_caption(text: str, attributes: Iterable[str]) -> dict[str, str]:
    """The look that a caption tells, in so far as it is written as `caption` writes it.

    `attributes` are the names to look for. Other wordings are left out, and so is an
    attribute with two different values.
    """
    labels = {attribute.replace("_", " "): attribute for attribute in attributes}
    found: dict[str, set[str]] = {}
    for part in text.split(","):
        said = part.strip()
        near = [label for label in labels if said.startswith(f"{label} ")]
        if near:
            label = max(near, key=len)
            found.setdefault(labels[label], set()).add(said[len(label) :].strip())
    return {attribute: values.pop() for attribute, values in found.items() if len(values) == 1}
