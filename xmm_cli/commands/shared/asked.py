"""What `xmm probe` is to ask, as its options say it."""

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.questions import Scope
from xmm_cli.rows.people import People
from xmm_cli.rows.types import MODALITIES, Label, Modality
from xmm_cli.rows.values import LARGEST


def check_trace(scope: Scope, settings: ProbeSettings) -> None:
    """Refuse what a trace knows nothing of. Raises `WrongUsage`."""
    asked = {"--task": scope.task == "name", "--control": scope.control is None}
    asked["--asking"] = settings.asking == "plain"
    for option, plain in asked.items():
        if not plain:
            raise WrongUsage(f"--trace with {option}", "it is about the plain name question")
    if len(scope.modalities) < len(MODALITIES):
        raise WrongUsage("--trace in one modality", "it compares image and text")


def as_there_is(scope: Scope, everyone: Iterable[People]) -> Scope:
    """The scope with the modalities of which these people have views, if no one asked for any."""
    from xmm_cli.probing.questions import modalities_of

    there = [modalities_of(people, scope) for people in everyone]
    kept = tuple(one for one in scope.modalities if any(one in some for some in there))
    if scope.task == "reverse" or not kept or kept == scope.modalities:
        return scope
    say.note(f"no one has {scope.split} views in the other modality: asked in {kept[0]} alone")
    return replace(scope, modalities=kept)


def modalities(text: str) -> tuple[Modality, ...]:
    """Modalities by comma. Raises `WrongUsage`."""
    known: dict[str, Modality] = {"image": "image", "text": "text"}
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    if not chosen or any(part not in known for part in chosen):
        raise WrongUsage(f"--modality {text!r}", "give image, text, or image,text")
    return tuple(dict.fromkeys(known[part] for part in chosen))


def label(text: str) -> tuple[str, Label]:
    """Key and value: a number only if it is written as that number prints, so that 007 stays.

    Raises `WrongUsage`.
    """
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise WrongUsage(f"--label {text!r}", "write it as KEY=VALUE")
    with suppress(ValueError):  # no number, or one of thousands of digits
        if str(int(value)) == value and abs(int(value)) <= LARGEST:
            return key, int(value)
    with suppress(ValueError):
        if repr(float(value)) == value and math.isfinite(float(value)):  # nan and inf stay words
            return key, float(value)
    return key, {"true": True, "false": False}.get(value, value)
