"""A checkpoint folder: adapter, row, people, log and card, written whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.models.adapters.lora import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    WHOLE_WEIGHTS,
    save_adapter,
)
from xmm_cli.rows.files import atomic_folder, atomic_write_bytes
from xmm_cli.rows.paths import PERSONAS
from xmm_cli.rows.reader import read_rows, resolve
from xmm_cli.rows.types import Checkpoint, Persona
from xmm_cli.rows.writer import encode

ROW = "xmm.json"
LOG = "log.jsonl"


def is_checkpoint(path: Path) -> bool:
    """Whether a path is a checkpoint's folder."""
    return (path / ROW).is_file()


def read_checkpoint(folder: Path) -> Checkpoint:
    """The row of a checkpoint's folder, its paths counted from the working directory.

    Raises `InputNotFound` where the folder is none, `BadData` where its row cannot be read.
    """
    if not folder.exists():
        raise InputNotFound(f"{folder}: No such file or directory")
    if not is_checkpoint(folder):
        if (folder / PERSONAS).is_file() and not any(folder.glob("*.safetensors")):
            hint = f"xmm train {folder}, or xmm probe CHECKPOINT --personas {folder}"
            raise InputNotFound(f"{folder}: a data set, not a checkpoint", hint)
        raise InputNotFound(f"{folder}: holds no {ROW}", "is this a checkpoint of xmm train?")
    rows = list(read_rows([folder / ROW], want=(Checkpoint,)))
    if len(rows) != 1:
        raise BadData(f"{folder / ROW}: expected one checkpoint row, found {len(rows)}")
    row = rows[0].row
    if os.path.normpath(row.path) != "." or os.path.normpath(row.personas) != PERSONAS:
        raise BadData(
            f"{folder / ROW}: its path and personas lie elsewhere", f"they are '.' and '{PERSONAS}'"
        )
    return located(row, folder)


def located(row: Checkpoint, folder: Path) -> Checkpoint:
    """The row with its paths resolved against `folder`."""
    return msgspec.structs.replace(
        row, path=str(resolve(folder, row.path)), personas=str(resolve(folder, row.personas))
    )


def write_checkpoint(
    folder: Path,
    model: Any,
    row: Checkpoint,
    people: Sequence[tuple[Persona, Path]],
    log: Iterable[Mapping[str, float]],
    card: str,
    *,
    overwrite: bool = False,
) -> Checkpoint:
    """Save what was trained of a model, with all that explains it; returns the row for others.

    Pictures stay where they are: the saved persona rows lead there. Raises `CannotWrite`.
    """
    saved = msgspec.structs.replace(row, path=".", personas=PERSONAS)
    with atomic_folder(folder, replace=overwrite) as draft:
        save_adapter(model, draft)
        atomic_write_bytes(draft / ROW, encode(saved))
        _tidy(draft, row.base)
        moved = (moved_persona(persona, origin, folder) for persona, origin in people)
        atomic_write_bytes(draft / PERSONAS, b"".join(encode(one) for one in moved))
        lines = (json.dumps(entry) + "\n" for entry in log)
        atomic_write_bytes(draft / LOG, "".join(lines).encode())
        atomic_write_bytes(draft / "README.md", card.encode())
    return located(saved, folder)


def moved_persona(persona: Persona, origin: Path, folder: Path) -> Persona:
    """The row as it stands in a file of `folder`, when its paths counted from `origin`."""
    target = folder.resolve()
    images = tuple(
        msgspec.structs.replace(
            view, path=os.path.relpath(resolve(origin, view.path).resolve(), target)
        )
        for view in persona.images
    )
    return msgspec.structs.replace(persona, images=images)


def _tidy(draft: Path, base: str) -> None:
    """The same adapter gives the same bytes: peft's sets in order, and the base by its name.

    The weights get the permissions of any new file; safetensors makes them private.
    """
    path = draft / ADAPTER_CONFIG
    if not path.is_file():
        shutil.copymode(draft / ROW, draft / WHOLE_WEIGHTS)
        return
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = base
    for name, value in config.items():
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            config[name] = sorted(value)
    atomic_write_bytes(path, json.dumps(config, indent=2, sort_keys=True).encode() + b"\n")
    shutil.copymode(path, draft / ADAPTER_WEIGHTS)
