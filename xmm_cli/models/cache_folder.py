"""Where xmm keeps what it can make again: pictures' features, and bases put together."""

import os
import sys
from pathlib import Path

FOLDER = "XMM_CACHE"
"""The environment variable that names another one."""


def usual_folder() -> Path:
    """Where the system keeps what programs can make again."""
    if sys.platform == "darwin":
        return Path("~/Library/Caches/xmm").expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser() / "xmm"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "xmm"
