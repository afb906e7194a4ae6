"""Checkpoints along a run: they wait in the run's hidden folder, and move into its own at the end.

While the run goes on they lie in `.OUT.RUN.partial/steps/NNNN`, as deep as `OUT/steps/NNNN`, where
they end: so what is written relative to them holds in both places.
"""

import json
import shutil
from pathlib import Path

from xmm_cli.errors import WorkFailed, WrongUsage
from xmm_cli.models.checkpoint import LOG, is_checkpoint, read_checkpoint
from xmm_cli.rows.files import atomic_write_bytes, is_draft
from xmm_cli.rows.types import Checkpoint

STEPS = "steps"


def hidden_folder(out: Path, run: str) -> Path:
    """Where an unfinished run keeps its state: beside what it makes.

    Raises `WrongUsage` where that would be beside no folder that can be made or replaced.
    """
    if out.name in ("", ".."):
        raise WrongUsage(f"--out {out}", "name a folder of its own")
    return out.with_name(f".{out.name}.{run}.partial")


class SavedSteps:
    """The checkpoints of one unfinished run, and where it was ended early."""

    def __init__(self, partial: Path) -> None:
        self.folder = partial / STEPS
        self._stopped = partial / "stopped"

    def place(self, step: int) -> Path:
        """The folder of a checkpoint."""
        return self.folder / f"{step:04d}"

    def stop(self, step: int) -> None:
        """Note that the run ended early, at this step. Raises `CannotWrite`."""
        atomic_write_bytes(self._stopped, str(step).encode())

    @property
    def stopped_at(self) -> int | None:
        """The step at which the run was ended early."""
        return int(self._stopped.read_text()) if self._stopped.is_file() else None

    def last(self) -> Checkpoint | None:
        """The newest checkpoint."""
        return max(_rows(self.folder), key=lambda row: row.steps, default=None)


def diverged(partial: Path, found: str) -> WorkFailed:
    """The failure of a run whose loss or weights are no numbers any more.

    It names the last checkpoint that was left along the way, which is whole and can be probed.
    """
    last = SavedSteps(partial).last()
    kept = "with --save-every checkpoints are kept" if last is None else f"{last.path} is kept"
    return WorkFailed(f"training diverged: {found}", f"try a lower --lr; {kept}")


def log_of(folder: Path) -> list[dict[str, float]]:
    """The log that lies in a checkpoint's folder."""
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def settle(out: Path, run: str) -> None:
    """Move a finished run's checkpoints into its folder, and take its hidden one away.

    Does nothing where the run is not finished, or is settled. The last checkpoint is the run's own
    and is not kept twice.
    """
    partial = hidden_folder(out, run)
    if not partial.is_dir() or not is_checkpoint(out) or read_checkpoint(out).run != run:
        return
    final = read_checkpoint(out)
    trail = SavedSteps(partial)
    if final.arguments.get("save_every") is not None and trail.folder.is_dir():
        for draft in filter(is_draft, list(trail.folder.iterdir())):  # a kill left it
            shutil.rmtree(draft)
        for row in _rows(trail.folder):
            if row.steps >= final.steps:  # moved whole: half removed, it would be half a checkpoint
                Path(row.path).rename(partial / f"twice-{row.steps}")
        if any(trail.folder.iterdir()) and not (out / STEPS).exists():
            trail.folder.rename(out / STEPS)
    shutil.rmtree(partial, ignore_errors=True)


def along(out: Path) -> list[Checkpoint]:
    """All checkpoints of a finished run, in the order of their steps; the final one is the last."""
    return [*sorted(_rows(out / STEPS), key=lambda row: row.steps), read_checkpoint(out)]


def _rows(folder: Path) -> list[Checkpoint]:
    found = folder.iterdir() if folder.is_dir() else ()
    whole = (one for one in found if is_checkpoint(one) and not is_draft(one))
    return [read_checkpoint(one) for one in whole]
