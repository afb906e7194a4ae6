"""The hidden folder of an unfinished run: whose it is, and the state from which it goes on.

A state that was being written when the run was killed is never gone on from: a state counts once
it is marked as whole, and older ones are removed only then.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

import xmm_cli
from xmm_cli import processes
from xmm_cli.rows.files import atomic_write_bytes, ensure_folder, force_to_disk
from xmm_cli.training.run.fsdp import asked_for

_MADE_BY = "made-by.json"
_WHOLE = "whole"
_STATES = "checkpoint-*"
_LIBRARIES = ("accelerate", "peft", "torch", "transformers")
_PARTS = ("compat.py", "models/**/*.py", "training/**/*.py")
"""The code that decides what a training step does."""


def trained_weights(model: Any) -> dict[str, Any]:
    """Those that a run changes, by name."""
    return {name: one for name, one in model.named_parameters() if one.requires_grad}


def open_partial(
    partial: Path, weights: Mapping[str, Any], note: Callable[[str], None] = lambda _: None
) -> str | None:
    """Make the folder, or empty it where other code began the run; the last whole state in it.

    `weights` are those that are trained, by name. `note` is told where something is thrown away.
    Raises `CannotWrite`.
    """
    return processes.on_first(lambda: _open(partial, weights, note))


def _open(partial: Path, weights: Mapping[str, Any], note: Callable[[str], None]) -> str | None:
    ours = _fingerprint(weights)
    made_by = partial / _MADE_BY
    theirs = made_by.read_text() if made_by.is_file() else ""
    if theirs != ours and partial.is_dir() and any(partial.iterdir()):
        note(
            f"{partial}: an unfinished run of another version of xmm or its libraries, or one that "
            "FSDP split otherwise; it is thrown away, and the run starts anew"
        )
        shutil.rmtree(partial)
    ensure_folder(partial)
    atomic_write_bytes(made_by, ours.encode())
    found = [one for one in partial.glob(_STATES) if (one / _WHOLE).is_file()]
    for torn in set(partial.glob(_STATES)) - set(found):
        shutil.rmtree(torn)
    return str(max(found, key=_step)) if found else None


def _step(state: Path) -> int:
    return int(state.name.rpartition("-")[2])


def _fingerprint(weights: Mapping[str, Any]) -> str:
    """What has to be the same for a state to mean the same."""
    code = hashlib.sha256()
    home = Path(xmm_cli.__file__).parent
    for part in _PARTS:
        for source in sorted(home.glob(part)):
            code.update(f"{source.relative_to(home)}\n".encode() + source.read_bytes())
    trained = hashlib.sha256()
    for name, weight in sorted(weights.items()):
        trained.update(f"{name} {tuple(weight.shape)} {weight.dtype}\n".encode())
    known = {name: version(name) for name in _LIBRARIES}
    known |= {"code": code.hexdigest(), "weights": trained.hexdigest()}
    if asked_for():
        known["weights"] += " split"  # in files of their own
    return json.dumps(known, indent=2, sort_keys=True) + "\n"


class MarkWhole(TrainerCallback):
    """Marks each state once all of it is on the disk, and removes those before it.

    There is none of the last step: the Trainer would go on from it with one step too many.
    """

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """After the Trainer has decided what to save."""
        if state.global_step >= state.max_steps:
            control.should_save = False

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """After every process has written its part."""
        processes.together(lambda: None)
        processes.on_first(lambda: _mark(Path(args.output_dir), state.global_step))


def _mark(partial: Path, step: int) -> None:
    now = partial / f"checkpoint-{step}"
    for file in now.rglob("*"):
        force_to_disk(file)
    atomic_write_bytes(now / _WHOLE, b"")
    for older in partial.glob(_STATES):
        if older != now:
            shutil.rmtree(older)
