"""Vision features on disk, shared by all runs and processes of a user.

A file is named by all that decides its content, is written whole under a hidden name first, and
begins with the digest of the rest: so files never change, two processes may write the same one, and
a damaged one is as good as none. Where the folder cannot be used, nothing is kept, and nothing
else happens.
"""

import hashlib
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from xmm_cli.errors import WrongUsage
from xmm_cli.models.cache_folder import cache_folder
from xmm_cli.models.vision.features import Features, from_named

SIZE = "XMM_CACHE_SIZE"
"""Environment: where it is, and how large it may grow (`500M`, `2G`; 0 for none)."""

USUAL_SIZE = "2G"
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_DIGEST = hashlib.sha256().digest_size
_SLACK = 0.9
"""How full the folder is after it was cleared."""
_LONGEST_WRITE_NS = 3600 * 10**9
"""A hidden file that is older was left by a process that was killed."""


class FeatureFolder:
    """A bounded store of features by key; the longest unused go first. It never raises."""

    def __init__(self, folder: Path, most: int) -> None:
        """`most` is in bytes; with 0 nothing is read or written."""
        self.folder, self.most = folder / "features", most
        self._room: int | None = None

    @classmethod
    def of_environment(cls) -> "FeatureFolder":
        """The user's. Raises `WrongUsage` where the size that is asked for is none."""
        most = parse_size(os.environ.get(SIZE) or USUAL_SIZE)
        folder = cache_folder()
        return cls(Path(), 0) if folder is None else cls(folder, most)

    @property
    def usable(self) -> bool:
        """Whether anything is kept."""
        return self.most > 0

    def get(self, key: str) -> Features | None:
        """What was put there, or None; a damaged file is removed."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
                raise ValueError("damaged")
            features = from_named(load(data[_DIGEST:]))
        except (ValueError, KeyError, SafetensorError):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return features

    def put(self, key: str, features: Features) -> None:
        """Keep them, if there is a way to."""
        from safetensors.torch import save

        content = save({name: tensor.contiguous() for name, tensor in features.named().items()})
        data = hashlib.sha256(content).digest() + content
        if len(data) > self.most:  # alone too large: nothing else has to go for it
            return
        path = self._path(key)
        hidden = path.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            self._make_room(len(data))
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                hidden.write_bytes(data)
                hidden.replace(path)
            finally:
                with suppress(OSError):
                    hidden.unlink()
        except OSError:
            self.most = 0

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _make_room(self, size: int) -> None:
        """Remove the longest unused where the folder is full; it is looked at only then."""
        if self._room is None or self._room < size:
            self._room = self._clear(size)
        self._room -= size

    def _clear(self, size: int) -> int:
        """Remove what is too much, and say how many bytes are free."""
        files = sorted(self._files())
        used = sum(file[1] for file in files)
        target = self.most if used + size <= self.most else int(self.most * _SLACK) - size
        for _, length, path in files:
            if used <= max(target, 0):
                break
            with suppress(OSError):
                Path(path).unlink()
            used -= length
        # others may write too: look again before all of it is used
        return max((self.most - used) // 2, size)

    def _files(self) -> list[tuple[int, int, str]]:
        """Last use, size and path of every file but those that are being written."""
        files: list[tuple[int, int, str]] = []
        since = time.time_ns() - _LONGEST_WRITE_NS
        with suppress(OSError):
            for part in os.scandir(self.folder):
                with suppress(OSError):
                    for entry in os.scandir(part.path):
                        with suppress(OSError):
                            known: Any = entry.stat()
                            if entry.name.startswith(".") and known.st_mtime_ns > since:
                                continue
                            files.append((known.st_mtime_ns, known.st_size, entry.path))
        return files


def parse_size(text: str) -> int:
    """Bytes of `2G`, `500M`, `1000`. Raises `WrongUsage`."""
    unit = _UNITS.get(text[-1:].upper(), 1)
    number = text[:-1] if unit > 1 else text
    try:
        size = float(number)
    except ValueError:
        size = -1
    if not 0 <= size < 2**60:
        raise WrongUsage(f"{SIZE}={text!r} is no size", "write it like 500M or 2G; 0 for none")
    return int(size * unit)
