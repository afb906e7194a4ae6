"""Scores on the model card of the checkpoint that they are about."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.reporting import render
from xmm_cli.rows.files import atomic_write_bytes
from xmm_cli.rows.inputs import open_inputs
from xmm_cli.rows.paths import from_here
from xmm_cli.rows.types import ROW_TYPES, Score
from xmm_cli.scoring.config import ScoreConfig
from xmm_cli.scoring.score import score_inputs

START, END = "<!-- measured by xmm report --card -->", "<!-- /measured -->"


def put_on_card(
    folder: Path, inputs: Sequence[str], by: list[str] | None, resamples: int
) -> list[str]:
    """Score the probe rows about a checkpoint, and write the tables to its card.

    Rows of the untrained base tell what guessing earns. What was on the card before is replaced.
    Returns what a user should be told.
    Raises `BadData` where no row is about the checkpoint, `CannotWrite`, `InputNotFound`.
    """
    row = read_checkpoint(folder)
    card, own = folder / "README.md", from_here(Path(), str(folder))
    with open_inputs(inputs) as rows:
        scored = score_inputs(
            rows, ScoreConfig(by, resamples=resamples), kinds=ROW_TYPES, about=own
        )
    if not scored.counts[0].is_about(own):
        raise BadData(f"no probe row is about {folder}", "probe it: xmm probe " + str(folder))
    before = card.read_text("utf-8") if card.is_file() else ""
    table = render(scored.rows, "markdown", width=80, colour=False)
    measured = with_measured(before, table)
    text = with_results(measured, folder.resolve().name, row.dataset, scored.rows)
    atomic_write_bytes(card, text.encode())
    return scored.notes


def with_measured(card: str, table: str) -> str:
    """The card with this Markdown under "Measured", in place of what was measured before."""
    deeper = re.sub(r"^#", "##", table.strip(), flags=re.MULTILINE)
    section = f"{START}\n## Measured\n\n{deeper}\n{END}\n"
    before, marked, rest = card.partition(START)
    after = rest.partition(END)[2].lstrip("\n") if marked else ""
    return f"{before.rstrip()}\n\n{section}" + (f"\n{after}" if after else "")


def with_results(card: str, name: str, dataset: str | None, scores: Sequence[Score]) -> str:
    """The card with these scores as `model-index` in its header, where hubs look for them.

    `name` is the model's, `dataset` the fingerprint of its people. Scores without a value or a
    modality, and those of the untrained base, are left out; results that stood there before are
    replaced. A result has its interval, level and number of persons as arguments.
    """
    from huggingface_hub import EvalResult, ModelCard

    made: Any = ModelCard(card, ignore_metadata_errors=True)
    results = [
        EvalResult(
            task_type="image-text-to-text",
            task_name=f"{score.task}, asked with {score.modality}",
            dataset_type="xmm-personas",
            dataset_name="people of xmm",
            dataset_revision=dataset,
            dataset_split=score.split,
            dataset_config=score.set or "all",
            metric_type=score.metric,
            metric_name=f"{score.metric}, {score.answer}",
            metric_value=round(score.value, 4),
            metric_args={
                "low": _rounded(score.low),
                "high": _rounded(score.high),
                "level": score.level,
                "persons": score.personas,
            },
        )
        for score in scores
        if score.value is not None and score.modality is not None and score.source is not None
    ]
    made.data.model_name = name
    made.data.eval_results = results
    return str(made)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
