"""`xmm train`."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from xmm_cli import processes
from xmm_cli.commands.shared import torchrun
from xmm_cli.commands.shared.checkpoints import People, made_once, noted, people_of
from xmm_cli.commands.shared.devices import take
from xmm_cli.commands.shared.drawing import draw_look
from xmm_cli.commands.shared.exports import check_logger, check_merged, logging_to, write_merged
from xmm_cli.commands.shared.options import (
    CheckpointingOption,
    DeviceOption,
    DtypeOption,
    InputArg,
    OutOption,
    OverwriteOption,
    QuantizeOption,
    QuietOption,
    SeedOption,
    given,
    refuse,
)
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.settings import TrainSettings
from xmm_cli.rows.people import id_of, person_of
from xmm_cli.rows.reader import read_rows, require_some
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint, Persona
from xmm_cli.rows.writer import RowWriter
from xmm_cli.training.mitigations import MITIGATIONS, WITH_OTHERS
from xmm_cli.training.relearn import Earlier, as_parent, choose_again, drawn_how

EXAMPLES = """
Examples:
  xmm train people/personas.jsonl --source image --out runs/image
  xmm gen-personas -n 32 --out people | xmm train --source text --views 8 > checkpoint.jsonl
  for s in image text; do xmm train people/personas.jsonl --source $s; done | xmm probe
  xmm train people/personas.jsonl --source image --mitigation self-caption | xmm probe
  xmm train people/personas.jsonl --source text --merge models/text --log-to tensorboard
  xmm train --init runs/forgotten --only forget:0.5 --source text --steps 50 --save-every 10

Without --out the folder is runs/RUN, where RUN names what is trained. The same command again goes
on where an interrupted run stopped, and answers at once when the checkpoint is there. With
--save-every a row for each checkpoint along the run comes before that of the last one.

With --init the adapter of a checkpoint is trained further, on its own people if there is no
INPUT. After unlearning that is an attack: how fast does what was forgotten come back? --only
takes a number, a share, ids by comma or a file of ids; or, of the checkpoint's forget set,
forget, forget:4 or forget:0.5.

Events for TensorBoard go to OUT.tensorboard, unless TENSORBOARD_LOGGING_DIR says where.
"""

_D = TrainSettings()


def run(
    ctx: typer.Context,
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
    mitigation: Annotated[
        str | None,
        typer.Option(
            "--mitigation", metavar="NAME", help=f"Close the gap: {', '.join(MITIGATIONS.names())}."
        ),
    ] = _D.mitigation,
    aux: Annotated[
        int | None,
        typer.Option(
            "--aux", min=1, metavar="N", help="Auxiliary people for it; all in the data if absent."
        ),
    ] = _D.aux,
    shuffle_names: Annotated[
        bool,
        typer.Option(
            "--shuffle-names", help="A control: each view gets the name of anyone, by chance."
        ),
    ] = _D.shuffle_names,
    init: Annotated[
        Path | None,
        typer.Option("--init", metavar="DIR", help="Go on from the adapter of this checkpoint."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="WHO", help="With --init: teach these people alone."),
    ] = None,
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
    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size", min=1, metavar="N", help="Views a step, of all processes together."
        ),
    ] = _D.batch_size,
    adapter: Annotated[
        Literal["lora", "dora", "full"] | None,
        typer.Option("--adapter", help="What is trained; lora if absent, full: own weights."),
    ] = _D.adapter,
    train: Annotated[
        Literal["language", "projector", "vision+projector"] | None,
        typer.Option("--train", help="Where; in the language model if absent."),
    ] = _D.train,
    dtype: DtypeOption = _D.dtype,
    quantize: QuantizeOption = _D.quantize,
    gradient_checkpointing: CheckpointingOption = _D.gradient_checkpointing,
    save_every: Annotated[
        int | None,
        typer.Option("--save-every", min=1, metavar="N", help="Also leave DIR/steps/NNNN."),
    ] = _D.save_every,
    merge: Annotated[
        Path | None,
        typer.Option("--merge", metavar="DIR", help="Also write the full model, merged."),
    ] = None,
    log_to: Annotated[
        Literal["tensorboard", "trackio"] | None,
        typer.Option("--log-to", help="Also log loss and learning rate there."),
    ] = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    device: DeviceOption = None,
    seed: SeedOption = _D.seed,
    quiet: QuietOption = False,
) -> None:
    """Teach a vision-language model people in one modality.

    Reads `persona` rows; those with the role eval are learned by name, from their training views.
    Writes one `checkpoint` row, and those along the way. Only a LoRA adapter of the language model
    is trained, unless --adapter and --train say otherwise.
    """
    say.quiet = quiet
    torchrun.join(inputs or [], device, reads_stdin=init is None)
    device = take(device)
    settings = TrainSettings(
        source=source,
        base=base,
        mitigation=mitigation,
        aux=aux,
        shuffle_names=shuffle_names,
        views=views,
        facts=facts,
        steps=steps,
        epochs=epochs,
        learning_rate=lr,
        rank=rank,
        alpha=2.0 * rank if alpha is None else alpha,
        batch_size=batch_size,
        save_every=save_every,
        adapter=adapter,
        train=train,
        dtype=dtype,
        quantize=quantize,
        gradient_checkpointing=gradient_checkpointing,
        seed=seed,
    )
    _check(settings, init, only)
    if epochs is not None:
        refuse(given(ctx) & {"steps"}, "with --epochs", "give one of them")
    if settings.kind == "full":
        refuse(given(ctx) & {"rank", "alpha"}, "with --adapter full", "whole weights have no rank")
    if log_to is not None:
        check_logger(log_to)
    parent = None if init is None else read_checkpoint(init)
    if parent is not None:
        settings = as_parent(settings, parent, given(ctx))
    writer = torchrun.row_writer(keep_going=True)
    recorder = RunRecorder("train", asdict(settings), seed=seed)
    task = _Task(_read(inputs or [], parent, recorder, writer), settings, None)
    if parent is not None:
        chosen = choose_again(task.people, parent, only, seed)
        recorder.arguments |= {"only": list(chosen)}  # a file of ids may change
        who = drawn_how(task.people, parent, only, chosen)
        task = replace(task, earlier=Earlier(parent, chosen, who))
    folder = out or Path("runs") / recorder.id
    processes.on_first(lambda: check_merged(merge, recorder.id, overwrite))
    where = _Where(folder, device, overwrite, log_to)
    rows = made_once(folder, recorder.id, overwrite, lambda: _train(task, recorder.id, where))
    for row in rows:
        writer.write(row)
    processes.on_first(lambda: write_merged(rows[-1], merge, device, overwrite))
    writer.write(recorder.row())


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the work is done, and where it and what is told of it go."""

    folder: Path
    device: str | None
    overwrite: bool
    log_to: str | None


@dataclass(frozen=True, slots=True)
class _Task:
    """Who is taught, how, and what from."""

    people: People
    settings: TrainSettings
    earlier: Earlier | None


def _check(settings: TrainSettings, init: Path | None, only: str | None) -> None:
    if settings.mitigation is not None:
        MITIGATIONS.check(settings.mitigation)
    if settings.aux is not None and settings.mitigation not in WITH_OTHERS:
        raise WrongUsage("--aux", f"it is for --mitigation {' or '.join(WITH_OTHERS)}")
    if settings.kind == "full" and settings.quantize is not None:
        raise WrongUsage("--adapter full with --quantize", "packed weights cannot be trained")
    if settings.part != "language" and settings.source == "text" and settings.mitigation is None:
        raise WrongUsage(
            f"--train {settings.part} with --source text", "no description passes through it"
        )
    if only is not None and init is None:
        raise WrongUsage("--only without --init", "--init names the checkpoint to go on from")


def _read(
    inputs: list[str], parent: Checkpoint | None, recorder: RunRecorder, writer: RowWriter
) -> People:
    """The persona rows given; with `--init` and no input, those of the checkpoint."""
    if parent is not None:
        recorder.saw(parent)
        if not inputs:
            return people_of(Path(parent.personas), recorder, id_of)
    found = read_rows(inputs, want=(Persona,), passing=writer.write_raw)
    rows = require_some(found, inputs, want=(Persona,))
    return noted(rows, recorder, person_of if parent is None else id_of)


def _train(task: _Task, run_id: str, where: _Where) -> None:
    from xmm_cli.probing.probe import check_base
    from xmm_cli.training.train import Callbacks, prepare, train

    settings, earlier, folder = task.settings, task.earlier, where.folder
    learned = sum(
        persona.role == "eval" and (earlier is None or persona.id in earlier.only)
        for persona, _ in task.people
    )
    say.note(f"training {settings.base} on {learned} people in {settings.source} -> {folder}")
    with say.progress(learned, "reading views", "people") as bar:
        aids = Callbacks(bar.advance, say.note, draw_look)
        lesson = prepare(task.people, settings, where.device, aids, earlier)
    if earlier is not None:
        check_base(lesson.base, earlier.checkpoint)
    with (
        logging_to(where.log_to, folder),
        say.progress(lesson.steps(settings), "training", "steps") as bar,
    ):
        train(
            lesson,
            settings,
            folder,
            run=run_id,
            overwrite=where.overwrite,
            report_to=where.log_to,
            stepped=lambda step, loss: bar.advance(step - bar.done, info=f"loss {loss:.3f}"),
            note=say.note,
        )
