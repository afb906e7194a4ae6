"""`xmm train`."""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from xmm_cli import processes
from xmm_cli.commands.shared import torchrun
from xmm_cli.commands.shared.checkpoints import (
    known_by_weights,
    made_once,
    noted,
    people_of,
    whole_base,
)
from xmm_cli.commands.shared.devices import take
from xmm_cli.commands.shared.drawing import draw_look
from xmm_cli.commands.shared.exports import check_logger, check_merged, logging_to, write_merged
from xmm_cli.commands.shared.options import Device, InputFiles, Out, Overwrite, Set
from xmm_cli.commands.shared.signature import NOTHING, GivenOptions, refuse
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.flags import DATA, LEARNED, OUTPUT, Flag
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.places import find_base, same_weights
from xmm_cli.models.settings import TrainSettings, told
from xmm_cli.rows.people import People, id_of, person_of
from xmm_cli.rows.reader import read_rows, require_some
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint, Persona
from xmm_cli.rows.writer import RowWriter
from xmm_cli.training.mitigations import MITIGATIONS, needs_others
from xmm_cli.training.relearn import Earlier, as_parent, choose_again, drawn_how, to_rehearse

EXAMPLES = """
Examples:
  xmm train people --source image --out runs/image
  xmm gen-personas -n 32 --out people | xmm train --source text --views 8 > checkpoint.jsonl
  for s in image text; do xmm train people/personas.jsonl --source $s; done | xmm probe
  xmm train people/personas.jsonl --source image --mitigation self-caption | xmm probe
  xmm train people/personas.jsonl --source text --merge models/text --log-to tensorboard
  xmm train --init runs/forgotten --only forget:0.5 --rehearse --source text --steps 50

Without --out the folder is runs/RUN, where RUN names what is trained. The same command again goes
on where an interrupted run stopped, and answers at once when the checkpoint is there. With
--save-every a row for each checkpoint along the run comes before that of the last one.

With --init the adapter of a checkpoint is trained further, on its own people if there is no
INPUT. After unlearning that is an attack: how fast does what was forgotten come back? --only
takes a number, a share, ids or names by comma, or a file of them; or, of the checkpoint's forget
set, forget, forget:4 or forget:0.5. With --rehearse everyone else who is not in the forget set
is taught beside, so that the attack does not wreck the model.

Events for TensorBoard go to OUT.tensorboard, unless TENSORBOARD_LOGGING_DIR says where.
"""

KNOWN = {
    "mitigation": MITIGATIONS.names(),
    "set": [MITIGATIONS.told_hyperparameters(MITIGATIONS.names())],
}


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """The options of `xmm train`."""

    inputs: InputFiles = None
    settings: TrainSettings = field(default_factory=TrainSettings)
    set: Set = None
    init: Annotated[
        Path | None, Flag("Go on from the adapter of this checkpoint.", LEARNED, metavar="DIR")
    ] = None
    only: Annotated[
        str | None, Flag("With --init: teach these people alone.", DATA, metavar="WHO")
    ] = None
    rehearse: Annotated[
        bool, Flag("With --only: rehearse everyone beside who is not forgotten.", DATA)
    ] = False
    out: Out = None
    overwrite: Overwrite = False
    merge: Annotated[
        Path | None, Flag("Also write the full model, merged.", OUTPUT, metavar="DIR")
    ] = None
    log_to: Annotated[
        Literal["tensorboard", "trackio"] | None,
        Flag("Also log loss and learning rate there.", OUTPUT),
    ] = None
    device: Device = None


def run(options: TrainOptions, given: GivenOptions = NOTHING) -> None:
    """Teach a vision-language model people in one modality.

    Reads `persona` rows; those with the role eval are learned by name, from their training views.
    Writes one `checkpoint` row, and those along the way. Only a LoRA adapter of the language model
    is trained, unless --adapter and --train say otherwise.
    """
    torchrun.join(options.inputs or [], options.device, reads_stdin=options.init is None)
    options = replace(options, device=take(options.device))
    _check(options, given)
    options = replace(options, settings=_with_hyperparameters(options))
    parent = None if options.init is None else read_checkpoint(options.init)
    settings = replace(options.settings, base=whole_base(options.settings.base))
    if parent is not None:
        find_base(parent, settings.base if "base" in given else None)
        if same_weights(parent, settings.base):
            settings = replace(settings, base=parent.base)
        settings = as_parent(settings, parent, set(given))
    writer = torchrun.row_writer(keep_going=True)
    recorder = RunRecorder("train", told(settings), seed=settings.seed)
    known_by_weights(recorder, settings.base)
    task = _Task(_read(options.inputs or [], parent, recorder, writer), settings, None)
    if parent is not None:
        task = replace(task, earlier=_earlier(task, parent, options, recorder))
    folder, merge, overwrite = options.out or recorder.folder, options.merge, options.overwrite
    processes.on_first(lambda: check_merged(merge, recorder.id, overwrite))
    make = partial(_train, task, recorder.id, folder, options)
    rows = made_once(folder, recorder.id, overwrite, make)
    for row in rows:
        writer.write(row)
    processes.on_first(lambda: write_merged(rows[-1], merge, options.device, overwrite))
    writer.write(recorder.row())


@dataclass(frozen=True, slots=True)
class _Task:
    """Who is taught, how, and what from."""

    people: People
    settings: TrainSettings
    earlier: Earlier | None


def _earlier(
    task: _Task, parent: Checkpoint, options: TrainOptions, recorder: RunRecorder
) -> Earlier:
    """What is gone on from, and with whom."""
    chosen = choose_again(task.people, parent, options.only, task.settings.seed)
    recorder.arguments |= {"only": list(chosen)}  # a file of ids may change
    who = drawn_how(task.people, parent, options.only, chosen)
    if not options.rehearse:
        return Earlier(parent, chosen, who)
    recorder.arguments |= {"rehearse": True}
    return Earlier(parent, chosen, who, to_rehearse(task.people, parent, chosen))


def _check(options: TrainOptions, given: GivenOptions) -> None:
    """Refuse options that do not go together, and a logger that is not installed."""
    settings = options.settings
    if settings.mitigation is not None:
        MITIGATIONS.check(settings.mitigation)
    if settings.aux is not None and not needs_others(settings.mitigation):
        raise WrongUsage(
            "--aux without a mitigation that needs other people", "xmm help mitigations"
        )
    if settings.kind == "full" and settings.quantize is not None:
        raise WrongUsage("--adapter full with --quantize", "packed weights cannot be trained")
    if settings.part != "language" and settings.source == "text" and settings.mitigation is None:
        raise WrongUsage(
            f"--train {settings.part} with --source text", "no description passes through it"
        )
    if options.only is not None and options.init is None:
        raise WrongUsage("--only without --init", "--init names the checkpoint to go on from")
    if options.rehearse and options.only is None:
        raise WrongUsage("--rehearse without --only", "it is for those who are not taught again")
    if settings.epochs is not None:
        refuse(given, {"steps"}, "with --epochs", "give one of them")
    if settings.kind == "full":
        refuse(given, {"rank", "alpha"}, "with --adapter full", "whole weights have no rank")
    if options.log_to is not None:
        check_logger(options.log_to)


def _with_hyperparameters(options: TrainOptions) -> TrainSettings:
    """The settings with those of the mitigation. Raises `WrongUsage`, `Unavailable`."""
    settings = options.settings
    if not options.set:
        return settings
    if settings.mitigation is None:
        raise WrongUsage(f"--set {options.set[0]} without --mitigation", "nothing has it")
    values = MITIGATIONS.parse(settings.mitigation, options.set)
    return replace(settings, hyperparameters=values)


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


def _train(task: _Task, run_id: str, folder: Path, options: TrainOptions) -> None:
    from xmm_cli.probing.probe import check_base
    from xmm_cli.training.train import Callbacks, prepare, train

    settings, earlier = task.settings, task.earlier
    wanted = None if earlier is None else {*earlier.only, *earlier.rehearsed}
    learned = sum(
        persona.role == "eval" and (wanted is None or persona.id in wanted)
        for persona, _ in task.people
    )
    say.note(f"training {settings.base} on {learned} people in {settings.source} -> {folder}")
    with say.progress(learned, "reading views", "people") as bar:
        aids = Callbacks(bar.advance, say.note, draw_look)
        lesson = prepare(task.people, settings, options.device, aids, earlier)
    if earlier is not None:
        check_base(lesson.base, earlier.checkpoint)
    with (
        logging_to(options.log_to, folder),
        say.progress(lesson.steps(settings), "training", "steps") as bar,
    ):
        train(
            lesson,
            settings,
            folder,
            run=run_id,
            overwrite=options.overwrite,
            report_to=options.log_to,
            stepped=lambda step, loss: bar.advance(step - bar.done, info=f"loss {loss:.3f}"),
            note=say.note,
        )
