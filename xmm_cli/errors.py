"""Expected failures and the exit codes they end in.

Everything that a user can cause is an `XmmError`; `app` turns it into one line on stderr and
its exit code. Any other exception is a defect of xmm.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Every code with which `xmm` can end."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    GATE_TRIPPED = 3
    PARTIAL = 4
    BAD_DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    CANNOT_WRITE = 73
    INTERRUPTED = 130
    TERMINATED = 143


class XmmError(Exception):
    """An expected failure: `message` says what and where, `hint` how to mend it."""

    code = ExitCode.FAILED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class WorkFailed(XmmError):
    """The work itself failed, with good input."""

    code = ExitCode.FAILED


class WrongUsage(XmmError):
    """Options that do not go together, or have no possible result."""

    code = ExitCode.USAGE


class GateTripped(XmmError):
    """A condition given with `--fail-if` came true."""

    code = ExitCode.GATE_TRIPPED


class PartlyFailed(XmmError):
    """Some items failed; all others were written."""

    code = ExitCode.PARTIAL


class BadData(XmmError):
    """Input that could be read but not understood; the message names file and line."""

    code = ExitCode.BAD_DATA


class InputNotFound(XmmError):
    """Input that is missing or cannot be read."""

    code = ExitCode.NO_INPUT


class Unavailable(XmmError):
    """A model, a device or an optional package that is not there."""

    code = ExitCode.UNAVAILABLE


class CannotWrite(XmmError):
    """Output that cannot be written."""

    code = ExitCode.CANNOT_WRITE


class ReaderGone(Exception):
    """Whoever read our output has left (`| head`): end quietly, with code 0.

    Not an `XmmError`: nothing failed, and nothing is to be said.
    """
