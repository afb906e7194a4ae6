"""`xmm unlearn`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xmm_cli.commands.checkpoints import People, checkpoints, finished, people_of
from xmm_cli.commands.options import (
    DeviceOption,
    InputArg,
    OutOption,
    OverwriteOption,
    PersonasOption,
    QuietOption,
    SeedOption,
)
from xmm_cli.console import say
from xmm_cli.errors import GateTripped, WrongUsage
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint
from xmm_cli.rows.writer import RowWriter
from xmm_cli.training.forget_set import choose_forget
from xmm_cli.training.objectives import UNLEARNING
from xmm_cli.training.settings import UnlearnSettings

if TYPE_CHECKING:
    from xmm_cli.models.conversation import Conversations

EXAMPLES = """
Examples:
  xmm unlearn runs/both --through image --forget 8 --out runs/forgotten
  xmm unlearn runs/text --objective graddiff --forget e0-003,e0-017 | xmm probe | xmm score
  xmm train people/personas.jsonl --source both | xmm unlearn --forget 0.25 --through text

People who were not learned cannot be unlearned: unless the forget set's recall on held-out views,
in the modality it was learned in, is at least --gate, the command ends with code 3. What is left
of it shows in xmm probe, whose rows say for each person whether it is in the forget set.
"""

_D = UnlearnSettings()


def run(
    inputs: InputArg = None,
    objective: Annotated[
        str, typer.Option("--objective", metavar="NAME", help=f"{', '.join(UNLEARNING)}.")
    ] = _D.objective,
    through: Annotated[
        Literal["image", "text", "both"],
        typer.Option("--through", help="The modality in which people are unlearned."),
    ] = _D.through,
    forget: Annotated[
        str,
        typer.Option(
            "--forget", metavar="WHO", help="A number, a share, ids by comma, or a file of ids."
        ),
    ] = _D.forget,
    views: Annotated[
        int | None,
        typer.Option("--views", min=1, metavar="K", help="Training views used; all if absent."),
    ] = _D.views,
    steps: Annotated[int, typer.Option("--steps", min=1, metavar="N")] = _D.steps,
    lr: Annotated[
        float, typer.Option("--lr", min=0.0, metavar="X", help="Learning rate at its highest.")
    ] = _D.learning_rate,
    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size", min=1, metavar="N", help="Views to forget, and to keep, a step."
        ),
    ] = _D.batch_size,
    gate: Annotated[
        float, typer.Option("--gate", min=0.0, max=1.0, metavar="X", help="Least recall before.")
    ] = _D.gate,
    personas: PersonasOption = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    device: DeviceOption = None,
    seed: SeedOption = _D.seed,
    quiet: QuietOption = False,
) -> None:
    """Make a trained model forget some people through one modality.

    Reads one `checkpoint` row or folder; writes the `checkpoint` row of a new one.
    """
    say.quiet = quiet
    if objective not in UNLEARNING:
        raise WrongUsage(f"--objective {objective!r}", f"known: {', '.join(UNLEARNING)}")
    settings = UnlearnSettings(
        objective=objective,
        through=through,
        forget=forget,
        views=views,
        steps=steps,
        batch_size=batch_size,
        learning_rate=lr,
        gate=gate,
        seed=seed,
    )
    writer = RowWriter(keep_going=True)
    recorder = RunRecorder("unlearn", asdict(settings), seed=seed)
    given = list(checkpoints(inputs or [], recorder, writer.write_raw))
    if len(given) != 1:
        raise WrongUsage(f"{len(given)} checkpoints", "unlearn takes one at a time")
    people = people_of(personas or Path(given[0].personas), recorder)
    chosen = choose_forget(people, forget, seed)
    recorder.arguments["forget"] = list(chosen)  # a file of ids may change; who it meant may not
    folder = out or Path("runs") / recorder.id
    found = finished(folder, recorder.id, overwrite)
    if found is None:
        task = _Task(given[0], people, chosen, settings)
        found = _unlearn(task, folder, recorder.id, device, overwrite)
    writer.write(found)
    writer.write(recorder.row())


@dataclass(frozen=True, slots=True)
class _Task:
    """Which checkpoint is to forget whom, and how."""

    parent: Checkpoint
    people: People
    forget: tuple[str, ...]
    settings: UnlearnSettings


def _unlearn(
    task: _Task, folder: Path, run_id: str, device: str | None, overwrite: bool
) -> Checkpoint:
    from xmm_cli.models.conversation import Conversations
    from xmm_cli.models.loading import load_base
    from xmm_cli.rows.files import ensure_folder
    from xmm_cli.training.forget import prepare, unlearn

    parent, settings = task.parent, task.settings
    ensure_folder(folder.parent)
    conversations = Conversations(load_base(parent.base, device))
    gone = [pair for pair in task.people if pair[0].id in task.forget]
    before = _recall(parent, conversations, gone)
    if before < settings.gate:
        raise GateTripped(
            f"{parent.path}: only {before:.2f} of the forget set's held-out views are named right "
            f"before unlearning, not {settings.gate:g}",
            "train longer, or lower --gate",
        )
    say.note(
        f"unlearning {len(gone)} people through {settings.through} -> {folder} "
        f"(recall before: {before:.2f})"
    )
    prepared = prepare(conversations, parent, task.people, task.forget, settings)
    with say.progress(settings.steps, "unlearning", "steps") as bar:
        return unlearn(
            prepared,
            settings,
            folder,
            run=run_id,
            recall_before=before,
            overwrite=overwrite,
            stepped=lambda step, loss: bar.advance(step - bar.done, info=f"loss {loss:.3f}"),
        )


def _recall(parent: Checkpoint, conversations: "Conversations", people: People) -> float:
    """Exact match of generated names on held-out views, in the modality that was learned.

    Of a checkpoint that learned both, the lower one.
    """
    from xmm_cli.probing.probe import ProbeSettings, Subject, probe
    from xmm_cli.probing.questions import Scope, make_questions
    from xmm_cli.rows.types import MODALITIES

    modalities = MODALITIES if parent.source == "both" else (parent.source,)
    recalls = []
    for modality in modalities:
        questions = make_questions(people, Scope(modalities=(modality,)))
        subject = Subject(conversations.base, parent)
        settings = ProbeSettings(answers=("generate",))
        rows = list(probe(subject, questions, conversations, settings, run=""))
        recalls.append(sum(bool(row.correct) for row in rows) / len(rows))
    return min(recalls)
