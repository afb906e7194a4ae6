"""Settling a run that was killed anywhere on the way."""

import shutil
from pathlib import Path

import msgspec
import pytest

from xmm_cli.errors import BadData
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.rows.types import Checkpoint
from xmm_cli.rows.writer import encode
from xmm_cli.training.run.saved_steps import SavedSteps, along, hidden_folder, settle


def put(checkpoint: Checkpoint, folder: Path, steps: int) -> None:
    shutil.copytree(checkpoint.path, folder)
    row = msgspec.structs.replace(read_checkpoint(folder), path=".", personas="personas.jsonl")
    arguments = row.arguments | {"save_every": 2}
    row = msgspec.structs.replace(row, steps=steps, arguments=arguments)
    (folder / "xmm.json").write_bytes(encode(row))


def test_drafts_and_the_last_checkpoint_are_not_settled(checkpoint, tmp_path):
    out = tmp_path / "run"
    trail = SavedSteps(hidden_folder(out, "taught"))
    put(checkpoint, out, 5)
    for steps in (2, 4, 5):
        put(checkpoint, trail.place(steps), steps)
    put(checkpoint, trail.folder / ".0004.00000000.tmp", 4)
    settle(out, "taught")
    assert [row.steps for row in along(out)] == [2, 4, 5]
    assert not trail.folder.exists()
    assert {path.name for path in (out / "steps").iterdir()} == {"0002", "0004"}


@pytest.mark.parametrize("field", ["path", "personas"])
def test_a_row_that_leads_elsewhere_is_refused(checkpoint, tmp_path, field):
    """Or settling would move, and probing read, what is not the checkpoint's."""
    folder = tmp_path / "run"
    put(checkpoint, folder, 5)
    row = msgspec.json.decode((folder / "xmm.json").read_bytes())
    (folder / "xmm.json").write_bytes(msgspec.json.encode(row | {field: "../other"}) + b"\n")
    with pytest.raises(BadData, match="its path and personas lie elsewhere"):
        read_checkpoint(folder)
