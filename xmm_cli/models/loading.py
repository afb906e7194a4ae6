"""Loading a vision-language model: a shipped name, a local folder or a hub id.

Safetensors only, and no code from the model's repository is ever run.
"""

import hashlib
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from xmm_cli.errors import Unavailable, WrongUsage

SHIPPED = ("xmm-base-bare", "xmm-base-xs", "xmm-base-s", "xmm-base")
DEFAULT_BASE = "xmm-base"

_WHOLE_FILE = 256 * 2**20
_EDGE = 2**20


@dataclass(frozen=True, slots=True)
class Base:
    """A model ready to ask: its name, the fingerprint of its weights, its parts, its device."""

    name: str
    revision: str
    model: Any
    processor: Any
    device: Any

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.processor.tokenizer


def location(name: str) -> str:
    """What transformers loads for `name`: the package's own folder for a shipped model."""
    if name in SHIPPED:
        return str(files("xmm_cli.models.base").joinpath(f"weights/{name}"))
    return name


def pick_device(name: str | None) -> Any:
    """The torch device of this name; without one, the best there is.

    Raises `Unavailable` where there is no such device, `WrongUsage` where it is no name of one.
    """
    import torch

    if name in (None, "auto"):
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(str(name))
    except RuntimeError as error:
        raise WrongUsage(f"{name!r} is no device", _DEVICES) from error
    if device.type == "meta":
        raise WrongUsage("the meta device computes nothing", _DEVICES)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ImportError) as error:
        raise Unavailable(f"no {name} device on this machine", "leave --device out") from error
    return device


_DEVICES = "try cpu, cuda, cuda:1 or mps"


def load_base(name: str, device: str | None = None) -> Base:
    """The model and its processor, in evaluation mode, frozen, on a device.

    The weights keep the precision they were saved in, except that a CPU computes in float32.
    Raises `Unavailable` where the model is not there, is damaged or incomplete, or is of no known
    kind.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

    _hush()
    place = location(name)
    _check_name(name, place)
    target = pick_device(device)
    dtype = torch.float32 if target.type == "cpu" else "auto"
    try:
        AutoConfig.from_pretrained(place, trust_remote_code=False)  # if this is absent, all is
        processor = AutoProcessor.from_pretrained(place, backend="pil", trust_remote_code=False)
        model, report = AutoModelForImageTextToText.from_pretrained(
            place,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError, SafetensorError) as error:
        raise Unavailable(f"base {name!r} cannot be loaded: {_first_line(error)}", _HINT) from error
    _check_whole(name, report)
    model.requires_grad_(False).eval().to(target)
    return Base(name, _revision(place, model), model, processor, target)


def _hush() -> None:
    """Keep what libraries say to developers, and their bars, off stderr."""
    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    hub.set_verbosity_error()


_HINT = "give a shipped name, a folder of a saved model or a hub id"


def _check_name(name: str, place: str) -> None:
    """Say at once what cannot be a model, before the hub is asked for it."""
    folder = Path(place)
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise Unavailable(f"base {name!r}: the folder has no config.json", _HINT)
    if folder.is_dir() or (name.count("/") == 1 and not name.startswith((".", "/", "~"))):
        return
    from difflib import get_close_matches

    near = get_close_matches(name, SHIPPED, n=1, cutoff=0.5)
    guess = f"did you mean {near[0]}? " if near else ""
    raise Unavailable(
        f"no base {name!r}", f"{guess}shipped: {', '.join(SHIPPED)}; or a folder, or a hub id"
    )


def _check_whole(name: str, report: dict[str, Any]) -> None:
    """Refuse a model with weights that transformers would fill with random numbers."""
    misfits = [key[0] if isinstance(key, tuple) else key for key in report["mismatched_keys"]]
    for what, keys in (("has no", report["missing_keys"]), ("has another shape of", misfits)):
        if keys:
            first = min(str(key) for key in keys)
            raise Unavailable(
                f"base {name!r}: its file of weights {what} {first} ({len(keys)} such)",
                "is the folder whole, and its config.json its own?",
            )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _revision(place: str, model: Any) -> str:
    """The hub's commit, or the SHA-256 of the weight files (of their edges, if they are large)."""
    commit = getattr(model.config, "_commit_hash", None)
    if commit:
        return str(commit)
    digest = hashlib.sha256()
    for path in sorted(Path(place).glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            if size <= _WHOLE_FILE:
                digest.update(file.read())
            else:
                digest.update(file.read(_EDGE))
                file.seek(-_EDGE, os.SEEK_END)
                digest.update(file.read())
    return digest.hexdigest()[:16]
