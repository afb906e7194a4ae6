"""The command line of this process, as its `run` row tells it."""

from collections.abc import Sequence

_STDIN = "-"
_URL = "--url"
_typed: list[str] = []


def begin(words: Sequence[str]) -> None:
    """Note the words after `xmm`, the command first; of the address of a server only that it is."""
    _typed[:] = [f"{_URL}=URL" if word.startswith(f"{_URL}=") else word for word in words]
    for place, word in enumerate(_typed[:-1]):
        if word == _URL:
            _typed[place + 1] = "URL"


def reads_stdin() -> None:
    """Note that rows come through a pipe, which may go without saying."""
    if _typed and _STDIN not in _typed:
        _typed.append(_STDIN)


def words() -> tuple[str, ...]:
    """What was typed; nothing where no command runs."""
    return tuple(_typed)
