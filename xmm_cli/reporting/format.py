"""What a format of a report is: a way to show each kind of rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Format:
    """Functions that show rows; None where the format does not show such rows.

    Each is also given `width` (columns of the terminal) and `colour`, by name, which matter to a
    terminal alone. Texts end in a newline and have no escape sequences but those of `colour`,
    whatever stands in the rows; of no rows there is no text.
    """

    scores: Callable[..., str]
    """Of a sequence of `Score`."""
    findings: Callable[..., str] | None = None
    """Of a sequence of `Finding`."""
    answer: Callable[..., Any] | None = None
    """Of the names of columns and an iterable of rows, piece by piece: an iterator of texts."""
    between: str | None = "\n"
    """What stands between scores and findings; None where one text cannot hold both."""
    audits: Callable[..., str] | None = None
    """Of a sequence of `Audit`."""
