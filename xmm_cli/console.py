"""What xmm says while it works: everything here goes to stderr, so that stdout holds rows only.

A command uses the one object `say`. On a terminal there is a live bar, drawn by rich, which is
imported only then; anywhere else a plain line every few seconds. `--quiet` leaves warnings and
errors. Text that came from a user or a model is shown as it is, never read as markup, and its
control characters are made visible instead of sent to the terminal.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, TextIO, TypeVar, overload

from xmm_cli.encoding import encodable

T = TypeVar("T")

PLAIN_EVERY_S = 5.0
"""The least time between two progress lines where there is no terminal."""

_RED, _YELLOW, _RESET = "\x1b[31m", "\x1b[33m", "\x1b[0m"
# C0 and C1 controls, line separators, marks that reverse the reading direction, lone surrogates
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    r"""`text` on one line, with control characters written out (`\x1b`, `\n`)."""
    return _HARMFUL.sub(lambda match: ascii(match[0])[1:-1], text)


def duration(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _is_first() -> bool:
    """Whether `torchrun` started this process as the first of its run, or did not start it."""
    return os.environ.get("RANK", "0") == "0"


class Console:
    """Notes, warnings, errors and progress on stderr."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.quiet = False
        self.only_errors = False
        """Of several processes of one run, all but the first leave notes and warnings to it."""
        self.tells: Callable[[], bool] = _is_first
        """Whether this process is the one that tells why the work ended; asked once, at the end."""
        self.warned: Callable[[str], None] | None = None
        """Where warnings go instead, in a Python program."""
        self._stream = stream
        self._live: Any = None

    @property
    def stream(self) -> TextIO | None:
        """Where it goes: stderr as it is now; None if that was closed."""
        return self._stream or sys.stderr

    @property
    def is_terminal(self) -> bool:
        """Whether a live bar makes sense."""
        stream = self.stream
        with suppress(ValueError):  # a closed file
            return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        return False

    def note(self, text: str) -> None:
        """Say something of interest; `--quiet` leaves it out."""
        if not self.quiet and not self.only_errors:
            self._line("", text, "")

    def warn(self, text: str) -> None:
        """Say what may spoil the result, though the work goes on."""
        if self.warned is not None:
            self.warned(text)
        elif not self.only_errors:
            self._line("warning: ", text, _YELLOW)

    def error(self, text: str) -> None:
        """Say why the work ended."""
        if self.tells():
            self._line("", text, _RED)

    @overload
    def progress(self, work: int | None, label: str, unit: str) -> "Progress[None]": ...

    @overload
    def progress(self, work: Iterable[T], label: str, unit: str) -> "Progress[T]": ...

    def progress(self, work: Iterable[T] | int | None, label: str, unit: str) -> "Progress[Any]":
        """Show how far the work is: `for row in say.progress(rows, "probing", "questions")`.

        With a total, or None if it is not known, it is moved by hand:
        `with say.progress(600, "training", "steps") as bar: bar.advance(info="loss 0.31")`.
        """
        return Progress(self, work, label, unit)

    def _line(self, prefix: str, text: str, colour: str) -> None:
        line = prefix + harmless(text)
        if colour and self.is_terminal and not os.environ.get("NO_COLOR"):
            line = f"{colour}{line}{_RESET}"
        # Nobody hears that stderr is broken; it must not end the work.
        with suppress(OSError, ValueError):
            if self._live is not None:
                from rich.text import Text

                self._live.console.print(Text.from_ansi(line), soft_wrap=True)
            elif self.stream is not None:
                self.stream.write(encodable(line, self.stream.encoding or "utf-8") + "\n")
                self.stream.flush()


class Progress(Generic[T]):
    """A bar on a terminal, a line now and then elsewhere, nothing with `--quiet`.

    Only the outermost of several at once is shown.
    """

    def __init__(self, console: Console, work: Iterable[T] | int | None, label: str, unit: str):
        self._console, self._label, self._unit = console, label, unit
        self._items: Iterable[T] | None = None
        self.total: int | None = None
        if isinstance(work, int) or work is None:
            self.total = work
        else:
            self._items = work
            self.total = len(work) if isinstance(work, Sized) else None
        self.done, self._told = 0, -1
        self._info = ""
        self._start = self._last = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Progress[T]":
        self._start = self._last = time.monotonic()
        console = self._console
        silent = console.quiet or console.only_errors
        if not silent and console.is_terminal and console._live is None:
            self._bar = _rich_bar(console.stream)
            self._task = self._bar.add_task(
                harmless(self._label), total=self.total, unit=harmless(self._unit), info=""
            )
            self._bar.start()
            console._live = self._bar
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.stop()
            self._console._live = None
            self._bar = None
        elif not self._console.is_terminal and self._worth_a_last_line():
            self._console.note(self.describe())

    def __iter__(self) -> Iterator[T]:
        if self._items is None:
            raise TypeError("this progress has a total only; use it with `with` and `advance`")
        with self:
            for item in self._items:
                yield item
                self.advance()

    def advance(self, count: int = 1, info: str = "") -> None:
        """Count `count` more as done; `info` (`loss 0.31`) stands beside until the next one."""
        self.done += count
        self._info = info or self._info
        if self._bar is not None:
            shown = harmless(self._info)
            with suppress(OSError, ValueError):
                self._bar.update(self._task, completed=self.done, info=shown)
            return
        now = time.monotonic()
        if now - self._last >= PLAIN_EVERY_S and not self._console.is_terminal:
            self._last, self._told = now, self.done
            self._console.note(self.describe())

    def _worth_a_last_line(self) -> bool:
        """Whether the work took long enough to speak of, and the end has not been told yet."""
        return time.monotonic() - self._start >= PLAIN_EVERY_S and self.done != self._told

    def describe(self) -> str:
        """`training: 120/600 steps (20 %), 3.1/s, 2 min 35 s left, loss 0.31`."""
        elapsed_s = max(time.monotonic() - self._start, 1e-9)
        rate = self.done / elapsed_s
        if self.total is None:
            parts = [f"{self._label}: {self.done} {self._unit}"]
        else:
            share = f" ({100 * self.done // self.total} %)" if self.total else ""
            parts = [f"{self._label}: {self.done}/{self.total} {self._unit}{share}"]
        if self.total is None or self.done >= self.total:
            parts.append(f"in {duration(elapsed_s)}")
        elif rate > 0:
            parts += [f"{rate:.3g}/s", f"{duration((self.total - self.done) / rate)} left"]
        return ", ".join([*parts, self._info] if self._info else parts)


def _rich_bar(stream: TextIO | None) -> Any:
    """A rich progress display; no column reads markup."""
    from rich import progress
    from rich.console import Console as RichConsole

    text = progress.TextColumn
    return progress.Progress(
        text("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        text("{task.fields[unit]}", markup=False),
        progress.TimeRemainingColumn(),
        text("{task.fields[info]}", markup=False),
        console=RichConsole(file=stream, markup=False, highlight=False, emoji=False),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


say = Console()
"""The console of this process."""
