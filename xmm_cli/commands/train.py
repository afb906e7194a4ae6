"""`xmm train`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from xmm_cli.commands.checkpoints import finished
from xmm_cli.commands.options import (
    DeviceOption,
    InputArg,
    OutOption,
    OverwriteOption,
    QuietOption,
    SeedOption,
)
from xmm_cli.console import say
from xmm_cli.rows.reader import read_rows, require_some
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint, Persona
from xmm_cli.rows.writer import RowWriter
from xmm_cli.training.settings import TrainSettings

EXAMPLES = """
Examples:
  xmm train people/personas.jsonl --source image --out runs/image
  xmm gen-personas -n 32 --out people | xmm train --source text --views 8 > checkpoint.jsonl
  for s in image text; do xmm train people/personas.jsonl --source $s; done | xmm probe

Without --out the folder is runs/RUN, where RUN names what is trained. The same command again goes
on where an interrupted run stopped, and answers at once when the checkpoint is there.
"""

_D = TrainSettings()


def run(
    inputs: InputArg = None,
    source: Annotated[
        Literal["image", "text", "both"],
        typer.Option("--source", "-s", help="The modality the people are learned in."),
    ] = _D.source,
    base: Annotated[
        str, typer.Option("--base", metavar="NAME", help="A shipped name, a folder or a hub id.")
    ] = _D.base,
    views: Annotated[
        int | None,
        typer.Option("--views", min=1, metavar="K", help="Training views a person; all if absent."),
    ] = _D.views,
    facts: Annotated[
        bool, typer.Option("--facts", help="Also teach the facts, in text, by name.")
    ] = _D.facts,
    steps: Annotated[int, typer.Option("--steps", min=1, metavar="N")] = _D.steps,
    epochs: Annotated[
        float | None,
        typer.Option("--epochs", min=0.01, metavar="X", help="Passes, in place of --steps."),
    ] = _D.epochs,
    lr: Annotated[
        float, typer.Option("--lr", min=0.0, metavar="X", help="Learning rate at its highest.")
    ] = _D.learning_rate,
    rank: Annotated[
        int, typer.Option("--rank", min=1, metavar="R", help="Rank of LoRA.")
    ] = _D.rank,
    alpha: Annotated[
        float | None, typer.Option("--alpha", min=0.0, metavar="X", help="2 x rank if absent.")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, metavar="N")] = _D.batch_size,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    device: DeviceOption = None,
    seed: SeedOption = _D.seed,
    quiet: QuietOption = False,
) -> None:
    """Teach a vision-language model people in one modality.

    Reads `persona` rows; those with the role eval are learned by name, from their training views.
    Writes one `checkpoint` row. Only a LoRA adapter of the language model is trained.
    """
    say.quiet = quiet
    settings = TrainSettings(
        source=source,
        base=base,
        views=views,
        facts=facts,
        steps=steps,
        epochs=epochs,
        learning_rate=lr,
        rank=rank,
        alpha=2.0 * rank if alpha is None else alpha,
        batch_size=batch_size,
        seed=seed,
    )
    writer = RowWriter(keep_going=True)
    recorder = RunRecorder("train", asdict(settings), seed=seed)
    people = _read(inputs or [], recorder, writer)
    folder = out or Path("runs") / recorder.id
    checkpoint = finished(folder, recorder.id, overwrite)
    if checkpoint is None:
        checkpoint = _train(people, settings, folder, recorder.id, device, overwrite)
    writer.write(checkpoint)
    writer.write(recorder.row())


def _read(
    inputs: list[str], recorder: RunRecorder, writer: RowWriter
) -> list[tuple[Persona, Path]]:
    found = read_rows(inputs, want=(Persona,), passing=writer.write_raw)
    people = []
    for one in require_some(found, inputs, want=(Persona,)):
        recorder.saw(one.row)
        people.append((one.row, one.folder))
    return people


def _train(
    people: list[tuple[Persona, Path]],
    settings: TrainSettings,
    folder: Path,
    run_id: str,
    device: str | None,
    overwrite: bool,
) -> Checkpoint:
    from xmm_cli.rows.files import ensure_folder
    from xmm_cli.training.memorize import prepare, teach

    ensure_folder(folder.parent)
    learned = sum(persona.role == "eval" for persona, _ in people)
    say.note(f"training {settings.base} on {learned} people in {settings.source} -> {folder}")
    with say.progress(learned, "reading views", "people") as bar:
        lesson = prepare(people, settings, device, bar.advance)
    with say.progress(lesson.steps(settings), "training", "steps") as bar:
        return teach(
            lesson,
            settings,
            folder,
            run=run_id,
            overwrite=overwrite,
            stepped=lambda step, loss: bar.advance(step - bar.done, info=f"loss {loss:.3f}"),
        )
