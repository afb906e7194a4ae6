"""What a figure is drawn from, whoever made it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Point(Protocol):
    """A value with its interval; `x` is a number, or the place of a tick."""

    @property
    def x(self) -> float: ...  # noqa: D102
    @property
    def y(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float | None: ...  # noqa: D102
    @property
    def high(self) -> float | None: ...  # noqa: D102


class Line(Protocol):
    """Values that belong together; `key` says what its colour stands for."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def points(self) -> Sequence[Point]: ...  # noqa: D102


class Panel(Protocol):
    """One coordinate system."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def lines(self) -> Sequence[Line]: ...  # noqa: D102
    @property
    def across(self) -> str: ...  # noqa: D102
    @property
    def up(self) -> str: ...  # noqa: D102
    @property
    def ticks(self) -> Sequence[str]: ...  # noqa: D102


class Series(Protocol):
    """All that a figure shows."""

    @property
    def figure(self) -> str: ...  # noqa: D102
    @property
    def panels(self) -> Sequence[Panel]: ...  # noqa: D102
    @property
    def persons(self) -> int: ...  # noqa: D102
    @property
    def about(self) -> str: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def draw(self) -> Callable[[Any, Any], None]: ...  # noqa: D102
