"""`xmm probe`."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from xmm_cli import processes
from xmm_cli.commands.shared import torchrun
from xmm_cli.commands.shared.asked import as_there_is, check_trace, label, modalities
from xmm_cli.commands.shared.attacking import NAMES, Attacking, check_attack
from xmm_cli.commands.shared.checkpoints import known_by_weights, people_of, whole_base
from xmm_cli.commands.shared.jobs import Shard, Work, asked_by, find_jobs, probe_all, under_attack
from xmm_cli.commands.shared.options import Device, InputFiles, Personas
from xmm_cli.commands.shared.outputs import opened
from xmm_cli.commands.shared.served import (
    Answering,
    check_answering,
    check_single,
    write_questions,
)
from xmm_cli.commands.shared.signature import NOTHING, GivenOptions, refuse
from xmm_cli.errors import WrongUsage
from xmm_cli.flags import ASKED, DATA, HARDWARE, OUTPUT, Flag, Seed
from xmm_cli.models.loading import Packing, Precision
from xmm_cli.models.settings import Dtyped
from xmm_cli.probing.answering import Asking, ProbeSettings
from xmm_cli.probing.asked_views import Control
from xmm_cli.probing.engines import ENGINES, LOCAL
from xmm_cli.probing.questions import Scope
from xmm_cli.probing.tasks import TASKS
from xmm_cli.rows.people import person_of
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Answer, Label, Role

EXAMPLES = """
Examples:
  xmm probe runs/image runs/text --untrained >> results.jsonl
  xmm train people/personas.jsonl --source text | xmm probe | xmm score
  xmm probe --base xmm-base --personas people/personas.jsonl --task attribute
  xmm probe runs/image --modality text | jq -r 'select(.correct == false) | .answer'
  xmm probe runs/image runs/text --asking describe-first >> results.jsonl
  xmm probe runs/both runs/forgotten --sets runs/forgotten --attack plain,all >> audit.jsonl
  xmm probe runs/image runs/text --trace --untrained > trace.jsonl
  xmm probe runs/image runs/text --resume results.jsonl
  xmm probe runs/image --shard 2/8 > part-2.jsonl
  torchrun --nproc_per_node 4 -m xmm_cli probe runs/image >> results.jsonl
  xmm probe runs/image --engine openai --url http://localhost:8000/v1 --model image
  xmm probe --questions --personas people/personas.jsonl > questions.jsonl

An INPUT is a checkpoint's folder, or a file of checkpoint rows. One row is written for each
question, as soon as it is answered.

With --resume the rows go to FILE: the same command again asks only what has no row there. With
--shard each part of the questions can run on a machine of its own; cat of all parts, in order,
gives the rows of the whole. Under torchrun the processes share the questions.

A served model is asked with --engine openai, or by files: --questions writes what would be asked,
--answers reads what came back. Then answers are generated, not ranked. The key of a server stands
in XMM_API_KEY or OPENAI_API_KEY.

The task fact asks about each view, and once by name; reverse asks by name alone, and has a row
for each attribute that was generated. Controls show a blank or someone else in place of a view;
the right answer stays. Asked describe-first or name-first, the question is a second turn;
asked hop-by-hop, a fact is asked by the name that was given, and nothing is shown. --trace asks
nothing: it compares, at every layer, the hidden states of all views where the answer to the name
question would start.
"""

_D = ProbeSettings()

NOT_IN_ID = frozenset({"batch_size", "personas", "shard"})
"""What changes no row: all parts of a run are that run."""

_ANSWERS: dict[str, tuple[Answer, ...]] = {
    "generate": ("generate",),
    "rank": ("rank",),
    "both": ("generate", "rank"),
    "prefix": (),
}


KNOWN = {"attack": NAMES, "task": TASKS.names(), "engine": ENGINES.names()}


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """The options of `xmm probe`, in the order of the `run` row's arguments."""

    inputs: InputFiles = None
    modality: Annotated[
        str, Flag("image, text, or both by comma.", ASKED, "--modality -m", metavar="LIST")
    ] = "image,text"
    task: Annotated[str, Flag("What is asked: {known}.", ASKED, metavar="NAME")] = "name"
    split: Annotated[Literal["heldout", "train"], Flag("Which views are shown.", DATA)] = "heldout"
    answer: Annotated[
        Literal["generate", "rank", "both", "prefix"],
        Flag("Generate it, rank all candidates, or both; or complete its first half.", ASKED),
    ] = "both"
    tokens: Annotated[bool, Flag("Ranking, keep the log-probability of every token.", ASKED)] = (
        False
    )
    asking: Annotated[Asking, Flag("At once, or after describing or naming the view.", ASKED)] = (
        _D.asking
    )
    attacking: Attacking = field(default_factory=Attacking)
    views: Annotated[
        int | None,
        Flag("Views a person, of that split; all if absent.", DATA, metavar="K", min=1),
    ] = None
    control: Annotated[
        Control | None, Flag("Show nothing, or another person, in place of each view.", ASKED)
    ] = None
    trace: Annotated[bool, Flag("Measure inside the model: trace rows, not probe rows.", ASKED)] = (
        False
    )
    role: Annotated[Role, Flag("Which people are asked about.", DATA)] = "eval"
    personas: Personas = None
    base: Annotated[
        str | None, Flag("With no INPUT: probe this base untrained.", HARDWARE, metavar="NAME")
    ] = None
    untrained: Annotated[bool, Flag("Also ask each base without its adapter.", ASKED)] = False
    label: Annotated[
        list[str] | None,
        Flag("Put this into each row's condition.", OUTPUT, metavar="KEY=VALUE"),
    ] = None
    max_new_tokens: Annotated[
        int | None,
        Flag("Tokens of an answer; what the longest needs if absent.", ASKED, metavar="N", min=1),
    ] = _D.max_new_tokens
    batch_size: Annotated[int, Flag("Questions asked at once.", HARDWARE, metavar="N", min=1)] = (
        _D.batch_size
    )
    dtype: Dtyped = None
    quantize: Annotated[
        Packing | None,
        Flag("Pack the base's weights, or not; as in training if absent.", HARDWARE),
    ] = None
    shard: Annotated[
        str | None,
        Flag("Ask the I-th of N parts only, from 1/N on.", HARDWARE, metavar="I/N"),
    ] = None
    answering: Answering = field(default_factory=Answering)
    resume: Annotated[
        Path | None,
        Flag("Append to FILE what is missing there, not to stdout.", OUTPUT, metavar="FILE"),
    ] = None
    device: Device = None
    seed: Seed = 0

    def scope(self) -> Scope:
        """What is asked. Raises `WrongUsage`."""
        return Scope(
            self.task,
            modalities(self.modality),
            self.split,
            self.role,
            self.views,
            self.control,
            self.seed,
        )

    def settings(self) -> ProbeSettings:
        """How it is answered, with a label for all that no row tells otherwise."""
        settings = ProbeSettings(
            answers=_ANSWERS[self.answer],
            prefix=self.answer == "prefix",
            tokens=self.tokens,
            asking=self.asking,
            max_new_tokens=self.max_new_tokens,
            batch_size=1 if self.answering.elsewhere else self.batch_size,
            labels=dict(label(text) for text in self.label or []),
            sets=self.attacking.whose_sets(),
            seed=self.seed,
        )
        return replace(settings, labels=self._unusual() | dict(settings.labels))

    def _unusual(self) -> dict[str, Label]:
        """Labels for options that change what is answered, and that no row tells otherwise."""
        labels: dict[str, Label] = {}
        if self.max_new_tokens is not None:
            labels["max_new_tokens"] = self.max_new_tokens
        if self.control == "swapped" and self.seed != Scope().seed:
            labels["control_seed"] = self.seed
        return labels | self.answering.labels()

    def arguments(self) -> dict[str, object]:
        """As the `run` row records them: what decides where and how fast is left out."""
        left_out = {"inputs", "resume", "device", "seed", "answering", "attacking"}
        arguments = {name: value for name, value in asdict(self).items() if name not in left_out}
        return arguments | self.attacking.arguments() | self.answering.arguments()


def run(options: ProbeOptions, given: GivenOptions = NOTHING) -> None:
    """Ask a model about people, in either modality.

    Reads `checkpoint` rows or folders; writes a `probe` row for each question. Answers are greedy:
    the seed decides only who is swapped, what attacks draw, and the chance of an alignment.
    """
    answering, inputs = options.answering, options.inputs or []
    if answering.elsewhere and "answer" not in given:
        options = replace(options, answer="generate")
    base = answering.name(inputs, None if options.base is None else whole_base(options.base))
    torchrun.join(inputs, options.device, reads_stdin=base is None)
    scope, settings = options.scope(), options.settings()
    part = None if options.shard is None else Shard.read(options.shard)
    _check(options, scope, settings, given)
    arguments = options.arguments() | {"base": base}
    recorder = RunRecorder("probe", arguments, seed=options.seed, not_in_id=NOT_IN_ID)
    known_by_weights(recorder, base)
    options.attacking.note(recorder, settings.sets)
    passed: list[bytes] = []
    wanted = Precision(options.dtype, options.quantize)
    jobs = find_jobs(
        inputs, base, options.personas, options.untrained, wanted, recorder, passed.append
    )
    check_single(answering, len(jobs))
    jobs = under_attack(jobs, options.attacking.names())
    # a trace counts by person, questions need not be told apart
    key = person_of if options.trace else None
    people = {
        file: people_of(file, recorder, key) for file in dict.fromkeys(job.personas for job in jobs)
    }
    if "modality" not in given and not options.trace:
        scope = as_there_is(scope, people.values())
    work = Work(scope, settings, options.trace, answering, options.device)
    if answering.questions:
        [questions] = asked_by(jobs, people, work, part)
        write_questions(questions, settings, answering)
        return
    resume = options.resume
    if answering.plan and resume is not None and not resume.exists():
        resume = None
    with opened(resume, recorder.id, lacking=answering.elsewhere) as output:
        # rows that pass through stand in one part only
        if not answering.plan and (part is None or part.number == 1):
            output.begin(passed)
        probe_all(jobs, people, work, part, output, recorder)


def _check(
    options: ProbeOptions, scope: Scope, settings: ProbeSettings, given: GivenOptions
) -> None:
    """Refuse options that do not go together."""
    answer, task = options.answer, options.task
    TASKS.check(task)
    check_answering(options.answering, options.inputs or [], options.personas, settings, given)
    _check_trace_alone(options)
    if answer == "prefix" and task == "reverse":
        raise WrongUsage("--answer prefix with --task reverse", "a description has no first half")
    if options.tokens and "rank" not in settings.answers:
        raise WrongUsage(f"--tokens with --answer {answer}", "it is for answers that are ranked")
    check_attack(options.attacking, options)
    if options.trace:
        check_trace(scope, settings)
        refuse(given, {"answer", "tokens", "max_new_tokens"}, "with --trace", "it asks nothing")
    if answer == "rank":
        refuse(given, {"max_new_tokens"}, "with --answer rank", "nothing is generated")
    if task == "reverse":
        refuse(given, {"views"}, "with --task reverse", "it shows none")
    if options.asking == "hop-by-hop" and task != "fact":
        raise WrongUsage(f"--asking hop-by-hop with --task {task}", "a fact alone has two hops")


def _check_trace_alone(options: ProbeOptions) -> None:
    """Refuse a trace in parts."""
    if options.trace and (options.resume is not None or options.shard is not None):
        raise WrongUsage("--trace with --shard or --resume", "it looks at all views at once")
    if options.trace and processes.count() > 1:
        raise WrongUsage("--trace in several processes", "run it in one, without torchrun")
    if options.trace and options.answering.engine != LOCAL:
        raise WrongUsage(f"--trace with {options.answering.how}", "it looks into the model")
