"""Where xmm keeps what it can make again: pictures' features, and bases put together."""

import os
import sys
from pathlib import Path

FOLDER = "XMM_CACHE"
"""The environment variable that names another one."""


def cache_folder() -> Path | None:
    """The one that is named, else where the system keeps what programs can make again.

    None where nobody knows a home folder for the user.
    """
    try:
        return Path(os.environ.get(FOLDER) or _usual()).expanduser()
    except RuntimeError:  # no HOME, and a user whom the system does not know
        return None


def _usual() -> Path:
    if sys.platform == "darwin":
        return Path("~/Library/Caches/xmm")
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local") / "xmm"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "xmm"
