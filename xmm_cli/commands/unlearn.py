"""`xmm unlearn`."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from xmm_cli import processes
from xmm_cli.commands.shared import torchrun
from xmm_cli.commands.shared.checkpoints import checkpoints, made_once, people_of
from xmm_cli.commands.shared.devices import take
from xmm_cli.commands.shared.drawing import draw_look
from xmm_cli.commands.shared.options import Device, InputFiles, Out, Overwrite, Personas, Set
from xmm_cli.commands.shared.signature import NOTHING, GivenOptions, refuse
from xmm_cli.console import say
from xmm_cli.errors import BadData, GateTripped, WrongUsage
from xmm_cli.flags import HARDWARE, UNLEARNED, Flag
from xmm_cli.models.places import same_weights
from xmm_cli.models.settings import UnlearnSettings, told
from xmm_cli.registry import unknown
from xmm_cli.rows.people import People, id_of
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.forget_set import check_fact, choose_forget, choose_retain, still_known
from xmm_cli.training.objectives import METHODS, OBJECTIVES, RETRAIN, UNLEARNING

if TYPE_CHECKING:
    from xmm_cli.models.conversation import Conversations

EXAMPLES = """
Examples:
  xmm unlearn runs/both --through image --forget 8 --out runs/forgotten
  xmm unlearn runs/text --method graddiff --forget e0-003,e0-017 | xmm probe | xmm score
  xmm unlearn runs/both --method ga --save-every 10 --utility-floor 0.8 | xmm probe
  xmm train people/personas.jsonl --source both | xmm unlearn --forget 0.25 --method retrain
  xmm unlearn runs/both --through image --forget 24 --plan
  xmm unlearn runs/facts --forget 8 --fact city --through text

People who were not learned cannot be unlearned: unless the forget set's recall on held-out views,
in the modality it was learned in, is at least --gate, the command ends with code 3. What is left
of it shows in xmm probe, whose rows say for each person whether it is in the forget set.

With --fact one fact of the people is forgotten; their names, their other facts and all other
people are kept. The model must have learned facts: xmm train --facts. In text it is asked by name,
in image about each picture.

A checkpoint that has forgotten people can be made to forget more: those are chosen from who is
left, and nobody is trained on the earlier ones. xmm probe says of these that they are in the set
earlier.

With --save-every a row for each checkpoint along the run comes before that of the last one. With
--utility-floor the run ends when the recall of retained people (16 at most, on held-out views)
falls below X, and keeps the last checkpoint above it. The method retrain trains anew, as
xmm train did, without the forget set, and takes no settings of training.
"""

KNOWN = {"objective": METHODS, "set": [OBJECTIVES.told_hyperparameters(UNLEARNING)]}

FEW = 8
"""With fewer people to forget, no paired test of them says much."""

MOST_LOOKED_AT = 16
"""Retained people who are asked along the run."""


@dataclass(frozen=True, slots=True)
class UnlearnOptions:
    """The options of `xmm unlearn`."""

    inputs: InputFiles = None
    settings: UnlearnSettings = field(default_factory=UnlearnSettings)
    set: Set = None
    personas: Personas = None
    base: Annotated[
        str | None,
        Flag("Where the base lies now, if its folder was moved.", HARDWARE, metavar="DIR"),
    ] = None
    out: Out = None
    overwrite: Overwrite = False
    plan: Annotated[
        bool, Flag("Say what an audit could show, and how long it takes: train nothing.", UNLEARNED)
    ] = False
    device: Device = None


def run(options: UnlearnOptions, given: GivenOptions = NOTHING) -> None:
    """Make a trained model forget some people through one modality.

    Reads one `checkpoint` row or folder; writes the `checkpoint` row of a new one, and of those
    along the way.
    """
    inputs, settings, overwrite = options.inputs or [], options.settings, options.overwrite
    torchrun.join(inputs, options.device)
    device = take(options.device)
    _check(settings.objective, given)
    if options.set:
        values = OBJECTIVES.parse(settings.objective, options.set)
        settings = replace(settings, hyperparameters=values)
    writer = torchrun.row_writer(keep_going=True)
    recorder = RunRecorder("unlearn", told(settings), seed=settings.seed)
    parents = list(checkpoints(inputs, recorder, writer.write_raw, options.base))
    if len(parents) != 1:
        raise WrongUsage(f"{len(parents)} checkpoints", "unlearn takes one at a time")
    if options.base is not None and not same_weights(parents[0], options.base):
        hint = f"it is {parents[0].base}, of weights {parents[0].revision}"
        raise BadData(f"{options.base}: not the folder of the checkpoint's base", hint)
    people = people_of(options.personas or Path(parents[0].personas), recorder, id_of)
    task = _choose(parents[0], people, settings)
    if options.plan:
        _plan(task, device)
        return
    # a file of ids may change; who it meant may not
    recorder.arguments |= {"forget": list(task.forget)}
    if settings.retain is not None:
        recorder.arguments |= {"retain": list(task.retain)}
    folder = options.out or recorder.folder
    make = partial(_unlearn, task, folder, recorder.id, device, overwrite)
    for row in made_once(folder, recorder.id, overwrite, make):
        writer.write(row)
    writer.write(recorder.row())


def _plan(task: "_Task", device: str | None) -> None:
    """Print what an audit of the forget set could show."""
    from xmm_cli.commands.shared.planning import plan_of_unlearning
    from xmm_cli.commands.shared.printing import print_pieces
    from xmm_cli.models.conversation import Conversations
    from xmm_cli.models.loading import Precision, load_base
    from xmm_cli.probing.probe import Subject

    parent = task.parent
    conversations = Conversations(load_base(parent.base, device, Precision.of(parent.arguments)))
    steps = parent.steps if task.settings.objective == RETRAIN else task.settings.steps
    recall = partial(_recall, parent, conversations)
    with Subject(conversations.base, parent).model() as model:
        lines = plan_of_unlearning(
            parent, task.people, task.forget, steps, conversations, model, recall
        )
    print_pieces([f"{line}\n" for line in lines], "table")


def _check(method: str, given: GivenOptions) -> None:
    if method not in METHODS:
        raise WrongUsage(f"--method {method!r}", unknown(method, METHODS))
    if method == RETRAIN:
        unused = {
            "through",
            "views",
            "steps",
            "learning_rate",
            "batch_size",
            "utility_floor",
            "set",
        }
        refuse(given, unused, f"with --method {RETRAIN}", "it trains as xmm train did")


@dataclass(frozen=True, slots=True)
class _Task:
    """Which checkpoint is to forget and keep whom, and how."""

    parent: Checkpoint
    people: People
    forget: tuple[str, ...]
    retain: tuple[str, ...]
    settings: UnlearnSettings


def _choose(parent: Checkpoint, people: People, settings: UnlearnSettings) -> _Task:
    known = still_known(people, parent)
    forget = choose_forget(known, settings.forget, settings.seed)
    check_fact(known, forget, settings.fact)
    retain = choose_retain(known, forget, settings.retain, settings.seed)
    return _Task(parent, people, forget, retain, settings)


def _unlearn(task: _Task, folder: Path, run_id: str, device: str | None, overwrite: bool) -> None:
    from xmm_cli.models.conversation import Conversations
    from xmm_cli.models.loading import Precision, load_base
    from xmm_cli.training.retrain import prepare_again
    from xmm_cli.training.unlearn import prepare, unlearn

    parent, settings = task.parent, task.settings
    precision = Precision.of(parent.arguments)
    base = load_base(parent.base, device, precision, to_train=True)
    conversations = Conversations(base)
    before = processes.on_first(lambda: _gate(task, conversations))
    say.note(
        f"unlearning {len(task.forget)} people through {settings.through} with "
        f"{settings.objective} -> {folder} (recall before: {before:.2f})"
    )
    again = partial(prepare_again, draw=draw_look)
    make = again if settings.objective == RETRAIN else prepare
    prepared = make(conversations, parent, task.people, task.forget, settings, retain=task.retain)
    with say.progress(prepared.steps, "unlearning", "steps") as bar:
        made = unlearn(
            prepared,
            settings,
            folder,
            run=run_id,
            recall_before=before,
            overwrite=overwrite,
            stepped=lambda step, loss: bar.advance(step - bar.done, info=f"loss {loss:.3f}"),
            utility=_utility(task, conversations),
            note=say.note,
        )
    if made.arguments.get("stopped_at") is not None:
        say.note(
            f"stopped at step {made.arguments['stopped_at']}: the recall of retained people fell "
            f"below {settings.utility_floor:g}; step {made.steps} is kept"
        )


def _gate(task: _Task, conversations: "Conversations") -> float:
    """The recall of the forget set before; warns where it is small.

    Raises `GateTripped` where it is too low.
    """
    from xmm_cli.probing.probe import Subject

    gone = [pair for pair in task.people if pair[0].id in task.forget]
    fact, mend = task.settings.fact, "train longer, or lower --gate"
    said = "held-out views are named right"
    if fact is not None:
        said = f"answers to {fact} are right"
        mend = mend if task.parent.arguments.get("facts") else "train with --facts"
    with Subject(conversations.base, task.parent).model() as model:
        before = _recall(task.parent, conversations, gone, fact)(model)
    if before < task.settings.gate:
        raise GateTripped(
            f"{task.parent.path}: only {before:.2f} of the forget set's {said} before unlearning, "
            f"not {task.settings.gate:g}",
            mend,
        )
    if len(task.forget) < FEW and not say.quiet:
        say.warn(
            f"the forget set has only {len(task.forget)} people: too few to tell an effect from "
            f"chance; {FEW} at least are better"
        )
    return before


def _utility(task: _Task, conversations: "Conversations") -> Callable[[Any], float] | None:
    """The recall of a few retained people, the same ones every time."""
    if task.settings.utility_floor is None:
        return None
    rng = random.Random(f"{task.settings.seed}: utility")
    few = set(rng.sample(task.retain, min(MOST_LOOKED_AT, len(task.retain))))
    kept = [pair for pair in task.people if pair[0].id in few]
    return _recall(task.parent, conversations, kept)


def _recall(
    parent: Checkpoint, conversations: "Conversations", people: People, fact: str | None = None
) -> Callable[[Any], float]:
    """Exact match of generated names on held-out views, in the modality that was learned.

    Of a checkpoint that learned both, the lower one; of a fact, the answers by name. Batches are
    halved where memory runs out.
    """
    from xmm_cli.probing.answering import ProbeSettings, Responder
    from xmm_cli.probing.patience import Patient
    from xmm_cli.probing.probe import batches
    from xmm_cli.probing.questions import Scope, make_questions
    from xmm_cli.rows.match import exact_match
    from xmm_cli.rows.types import MODALITIES

    modalities = MODALITIES if parent.source == "both" else (parent.source,)
    settings = ProbeSettings(answers=("generate",))
    asked = [list(make_questions(people, Scope(modalities=(one,)))) for one in modalities]
    if fact is not None:
        known = make_questions(people, Scope(task="fact", modalities=("text",)))
        asked = [[one for one in known if one.asked.fact == fact and not one.asked.shown]]

    def recall(model: Any) -> float:
        responder = Responder(conversations.base, model, conversations, settings)
        respond = Patient(responder, say.warn)
        shares = []
        for whole in asked:
            questions = responder.usable(whole)
            right = [
                exact_match(reply.answer or "", question.asked.expected)
                for batch in batches(questions, settings.batch_size)
                for question, reply in zip(batch, respond(batch), strict=True)
            ]
            shares.append(sum(right) / max(len(right), 1))
        return min(shares)

    return recall
