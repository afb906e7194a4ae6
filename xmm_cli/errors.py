"""Expected failures and the exit codes they end in.

Everything that a user can cause is an `XmmError`; `app` turns it into one line on stderr and
its exit code. Any other exception is a defect of xmm.
"""

import errno
import os
import re
from enum import IntEnum

WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS)
"""What a write says that names no file."""

_THEIRS = re.compile(rf"\(os error ({'|'.join(map(str, WRITE_ERRORS))})\)|unexpected pos \d+ vs")
"""How safetensors and torch say it."""


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
    HUNG_UP = 129
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


class BadPicture(InputNotFound):
    """A picture that is there and cannot be used: damaged, too large, or refused by a model.

    What goes through many pictures leaves such ones out and goes on: see `PictureLeftOut`.
    """


class Unavailable(XmmError):
    """A model, a device or an optional package that is not there."""

    code = ExitCode.UNAVAILABLE


class CannotWrite(XmmError):
    """Output that cannot be written."""

    code = ExitCode.CANNOT_WRITE


class Doubtful(UserWarning):
    """What may spoil the result, though the work goes on: `app` tells the user in one line."""


class LeftOut(Doubtful):
    """Some of the input was left out and the work goes on: `app` tells the user in one line."""


class SingleColour(UserWarning):
    """A picture, whose path is the message, shows a single colour: `app` says how many do."""


class PictureLeftOut(LeftOut):
    """Likewise, and for good: what was made lacks it, so that the command ends with `PARTIAL`."""


class ReaderGone(Exception):
    """The reader of the output has ended (`| head`): end quietly, with code 0.

    Not an `XmmError`: nothing failed, and nothing is to be said.
    """


def no_room(error: BaseException) -> str | None:
    """What to say of an error that means that nothing more can be written; None of any other.

    Libraries that write weights have errors of their own for it, with the system's in their text.
    """
    if isinstance(error, OSError):
        return error.strerror if error.errno in WRITE_ERRORS else None
    found = _THEIRS.search(str(error))
    if found is None:
        return None
    return os.strerror(int(found[1])) if found[1] else "not written whole; is the disk full?"
