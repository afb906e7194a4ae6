"""What tells a model's weights from others: a digest, of samples where they are large."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_WHOLE_FILE = 256 * 2**20
_EDGE = 2**20
_SAMPLE, _SAMPLES = 2**16, 64


def weights_digest(place: str) -> str | None:
    """The SHA-256 of the weight files of a folder or a model on the hub, in 16 digits.

    Of edges and samples of them, if they are large. None where there are no safetensors.
    """
    digest = hashlib.sha256()
    found = _weight_files(place)
    for path in found:
        size = path.stat().st_size
        digest.update(f"{_name_in(place, path)} {size}\n".encode())
        with path.open("rb") as file:
            if size <= _WHOLE_FILE:
                digest.update(file.read())
            else:
                for part in _parts(file, size):
                    digest.update(part)
    return digest.hexdigest()[:16] if found else None


def _name_in(place: str, path: Path) -> str:
    """A file's name, with its folder's where a pipeline has its models in folders."""
    return str(path.relative_to(place)) if path.is_relative_to(place) else path.name


def _weight_files(place: str) -> list[Path]:
    """Those of a folder, or of what is here of a model on the hub.

    Of the latter only those that transformers reads: others may be here or not.
    """
    folder = Path(place)
    if folder.is_dir():
        return sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*/*.safetensors"))
    from transformers.utils import cached_file

    config = cached_file(place, "config.json")
    return sorted(Path(str(config)).parent.glob("model*.safetensors"))


def _parts(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Both ends of a large file, and samples that lie evenly between them."""
    yield file.read(_EDGE)
    file.seek(-_EDGE, os.SEEK_END)
    yield file.read()
    for number in range(1, _SAMPLES + 1):
        file.seek(size * number // (_SAMPLES + 1))
        yield file.read(_SAMPLE)
