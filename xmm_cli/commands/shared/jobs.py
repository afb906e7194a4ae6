"""What `xmm probe` has to ask whom, in which order, and who answers it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, chain, islice
from pathlib import Path

from xmm_cli import processes
from xmm_cli.commands.shared.attacking import questions_of, way_of
from xmm_cli.commands.shared.checkpoints import checkpoints
from xmm_cli.commands.shared.outputs import Output, RowKey, told
from xmm_cli.commands.shared.served import Answering, tell_plan
from xmm_cli.console import say
from xmm_cli.errors import PartlyFailed, WrongUsage
from xmm_cli.models.loading import Precision
from xmm_cli.models.places import same_weights
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.attacks import PLAIN
from xmm_cli.probing.engines import Model
from xmm_cli.probing.questions import Question, Scope
from xmm_cli.rows.people import People
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint


@dataclass(frozen=True, slots=True)
class Job:
    """A base, the checkpoint on it (or none), and the file of its people."""

    base: str
    checkpoint: Checkpoint | None
    personas: Path
    precision: Precision
    attack: str | None = None

    @property
    def model(self) -> Model:
        """What an engine has to ask."""
        return Model(self.base, self.checkpoint, self.precision)

    @property
    def name(self) -> str:
        """What progress calls it."""
        model = f"{self.base}, untrained" if self.checkpoint is None else self.checkpoint.path
        return model if self.attack is None else f"{model}: {self.attack}"


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked and how, or whether the model is looked into instead."""

    scope: Scope
    settings: ProbeSettings
    trace: bool
    answering: Answering
    device: str | None


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of all questions: a run of them, in order. The first is 1."""

    number: int
    of: int

    @staticmethod
    def read(text: str) -> "Shard":
        """From `I/N`. Raises `WrongUsage`."""
        number, _, of = text.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise WrongUsage(f"--shard {text!r}", "write it as I/N, from 1/N to N/N")
        return Shard(int(number), int(of))

    def cut(self, lists: Sequence[list[Question]]) -> list[list[Question]]:
        """What is left of each list when all of them together are cut."""
        total = sum(len(one) for one in lists)
        first, last = total * (self.number - 1) // self.of, total * self.number // self.of
        starts = accumulate((len(one) for one in lists), initial=0)
        return [
            one[max(first - start, 0) : max(last - start, 0)]
            for start, one in zip(starts, lists, strict=False)
        ]


def find_jobs(
    inputs: list[str],
    base: str | None,
    personas: Path | None,
    untrained: bool,
    wanted: Precision,
    recorder: RunRecorder,
    passing: Callable[[bytes], None],
) -> list[Job]:
    """What to probe: untrained bases first, then the checkpoints in order.

    Each as it was trained, unless another precision is wanted.
    """
    if not inputs and base is not None:
        if personas is None:
            raise WrongUsage("--base without a checkpoint", "name the people with --personas")
        return [Job(base, None, personas, wanted.over(Precision()))]
    jobs = [
        Job(
            row.base if base is None or same_weights(row, base) else base,
            row,
            personas or Path(row.personas),
            wanted.over(Precision.of(row.arguments)),
        )
        for row in checkpoints(inputs, recorder, passing, base)
    ]
    bare = [replace(job, checkpoint=None) for job in jobs] if untrained else []
    return [*_distinct(bare), *jobs]


def under_attack(jobs: list[Job], names: Sequence[str]) -> list[Job]:
    """Each job under each attack, model by model; `plain` is none."""
    return [replace(job, attack=None if name == PLAIN else name) for job in jobs for name in names]


def _distinct(jobs: list[Job]) -> list[Job]:
    """One job for each base and each content of the people's file."""
    seen: dict[tuple[str, Precision, bytes], Job] = {}
    for job in jobs:
        content = job.personas.read_bytes() if job.personas.is_file() else b""
        key = (job.base, job.precision, content)
        seen.setdefault(key, job)
    return list(seen.values())


def probe_all(
    jobs: list[Job],
    people: dict[Path, People],
    work: Work,
    shard: Shard | None,
    output: Output,
    recorder: RunRecorder,
) -> None:
    """Ask all questions that have no row yet; the `run` row comes last.

    Raises `PartlyFailed` after that, where an engine had no answer to some.
    """
    asked = asked_by(jobs, people, work, shard)
    partly = None
    if work.trace:
        _trace_all(jobs, asked, work, output, recorder)
    else:
        partly = _ask_all(jobs, asked, work, output, recorder.id)
    if not work.answering.plan:
        output.end(recorder.row())
    if partly is not None:
        raise partly


def asked_by(
    jobs: list[Job], people: dict[Path, People], work: Work, shard: Shard | None
) -> list[list[Question]]:
    """What each job asks; of all of them together, the part that is asked here."""
    asked = [_questions(job, jobs, people[job.personas], work) for job in jobs]
    return asked if shard is None else shard.cut(asked)


def _questions(job: Job, jobs: list[Job], people: People, work: Work) -> list[Question]:
    """What a job asks: nothing, where its attack cannot be made."""
    from xmm_cli.probing.attacks.attack import CannotAttack

    together = [other.checkpoint for other in jobs]
    how = (job.attack, people, work.scope, work.settings)
    try:
        return questions_of(*how, job.checkpoint, together)
    except CannotAttack as error:
        _leave_out(job, error)
        return []


def _leave_out(job: Job, error: Exception) -> None:
    say.warn(f"{job.name}: left out: {error}")


def _ask_all(
    jobs: list[Job], asked: list[list[Question]], work: Work, output: Output, run: str
) -> PartlyFailed | None:
    """Ask the questions; what was left without an answer, if anything was."""
    from xmm_cli.probing.attacks.attack import CannotAttack
    from xmm_cli.probing.probe import batches, count_rows, expected_rows

    answers = work.settings.answers
    wanted = chain.from_iterable(
        expected_rows(job.checkpoint, questions, answers)
        for job, questions in zip(jobs, asked, strict=True)
    )
    done = processes.on_first(lambda: output.count(wanted))
    engine = None if work.answering.plan else work.answering.make(work.device, done > 0)
    cut, asked_now = 0, 0
    partly = None
    for job, questions in zip(jobs, asked, strict=True):
        settings, most = way_of(job.attack, work.settings)
        parts = list(batches(questions, most))
        while parts and done >= (rows := count_rows(parts[0], answers)):
            done -= rows
            del parts[0]
        if engine is None:
            tell_plan([question for part in parts for question in part], work.settings)
        if not parts or engine is None:
            continue
        rest = sum(count_rows(part, answers) for part in parts) - done
        with say.progress(rest, f"probing {job.name}", "rows") as bar:
            there = Counter(islice(expected_rows(job.checkpoint, parts[0], answers), done))
            done = 0
            try:
                for found in engine.ask(job.model, parts, settings, run=run):
                    new = [row for row in found if not _taken(there, told(row))]
                    processes.on_first(partial(output.write, new))
                    bar.advance(len(new))
                    cut += sum(row.cut is True for row in new)
                    asked_now += len(new)
            except PartlyFailed as error:
                partly = error
            except CannotAttack as error:
                _leave_out(job, error)
    if cut:
        say.warn(
            f"{cut} of {asked_now} rows have `cut`: the answer had no end yet when it was as long "
            "as it might be; let answers be longer with --max-new-tokens"
        )
    return partly


def _taken(there: Counter[RowKey], row: RowKey) -> bool:
    """Whether a row is there, which is then taken off."""
    there[row] -= 1
    return there[row] >= 0


def _trace_all(
    jobs: list[Job], asked: list[list[Question]], work: Work, output: Output, recorder: RunRecorder
) -> None:
    from xmm_cli.probing.engines.local import LocalEngine
    from xmm_cli.probing.probe import Subject
    from xmm_cli.probing.trace import trace

    engine = LocalEngine(work.device, say.warn)
    for job, questions in zip(jobs, asked, strict=True):
        conversations = engine.conversations(job.model)
        subject = Subject(conversations.base, job.checkpoint)
        with say.progress(len(questions), f"tracing {job.name}", "views") as bar:
            for row in trace(
                subject,
                questions,
                conversations,
                work.settings,
                run=recorder.id,
                seed=work.scope.seed,
                stepped=bar.advance,
            ):
                output.write([row])
