"""`xmm probe`."""

import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xmm_cli.commands.checkpoints import People, checkpoints, people_of
from xmm_cli.commands.options import DeviceOption, InputArg, PersonasOption, QuietOption, SeedOption
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.questions import Question, Scope
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import MODALITIES, Answer, Checkpoint, Label, Modality
from xmm_cli.rows.writer import RowWriter

if TYPE_CHECKING:
    from xmm_cli.models.conversation import Conversations

EXAMPLES = """
Examples:
  xmm probe runs/image runs/text --untrained >> results.jsonl
  xmm train people/personas.jsonl --source text | xmm probe | xmm score
  xmm probe --base xmm-base --personas people/personas.jsonl --task attribute
  xmm probe runs/image --modality text | jq -r 'select(.correct == false) | .answer'
  xmm probe runs/image runs/text --asking describe-first >> results.jsonl
  xmm probe runs/image runs/text --trace --untrained > trace.jsonl

An INPUT is a checkpoint's folder, or a file of checkpoint rows. One row is written for each
question, as soon as it is answered.

The task fact asks about each view, and once by name; reverse asks by name alone, and has a row
for each attribute that was generated. Controls show a blank or someone else in place of a view;
the right answer stays. --trace asks nothing: it compares, at every layer, the hidden states of
all views where the answer to the name question would start.
"""

_D = ProbeSettings()


_ANSWERS: dict[str, tuple[Answer, ...]] = {
    "generate": ("generate",),
    "rank": ("rank",),
    "both": ("generate", "rank"),
    "prefix": (),
}


@dataclass(frozen=True, slots=True)
class _Job:
    """A base, the checkpoint on it (or none), and the file of its people."""

    base: str
    checkpoint: Checkpoint | None
    personas: Path

    @property
    def name(self) -> str:
        """What progress calls it."""
        return f"{self.base}, untrained" if self.checkpoint is None else self.checkpoint.path


def run(
    inputs: InputArg = None,
    modality: Annotated[
        str, typer.Option("--modality", "-m", metavar="LIST", help="image, text, or both by comma.")
    ] = "image,text",
    task: Annotated[
        Literal["name", "attribute", "fact", "reverse"],
        typer.Option("--task", help="What is asked."),
    ] = "name",
    split: Annotated[
        Literal["heldout", "train"], typer.Option("--split", help="Which views are shown.")
    ] = "heldout",
    answer: Annotated[
        Literal["generate", "rank", "both", "prefix"],
        typer.Option(
            "--answer",
            help="Generate it, rank all candidates, or both; or complete its first half.",
        ),
    ] = "both",
    tokens: Annotated[
        bool, typer.Option("--tokens", help="Ranking, keep the log-probability of every token.")
    ] = False,
    asking: Annotated[
        Literal["plain", "describe-first", "name-first"],
        typer.Option("--asking", help="At once, or after describing or naming the view."),
    ] = _D.asking,
    views: Annotated[
        int | None,
        typer.Option(
            "--views", min=1, metavar="K", help="Views a person, of that split; all if absent."
        ),
    ] = None,
    control: Annotated[
        Literal["blank", "swapped"] | None,
        typer.Option("--control", help="Show nothing, or another person, in place of each view."),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Measure inside the model: trace rows, not probe rows.")
    ] = False,
    role: Annotated[
        Literal["eval", "aux"], typer.Option("--role", help="Which people are asked about.")
    ] = "eval",
    personas: PersonasOption = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="NAME", help="With no INPUT: probe this base untrained."),
    ] = None,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Also ask each base without its adapter.")
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="KEY=VALUE", help="Put this into each row's condition."),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, metavar="N")] = _D.batch_size,
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", min=1, metavar="N")
    ] = _D.max_new_tokens,
    device: DeviceOption = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Ask a model about people, in either modality.

    Reads `checkpoint` rows or folders; writes a `probe` row for each question. Answers are greedy:
    the seed decides only who is swapped with whom, and the chance of an alignment.
    """
    say.quiet = quiet
    scope = Scope(task, _modalities(modality), split, role, views, control, seed)
    settings = ProbeSettings(
        answers=_ANSWERS[answer],
        prefix=answer == "prefix",
        tokens=tokens,
        asking=asking,
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        labels=dict(_label(text) for text in label or []),
    )
    if answer == "prefix" and task == "reverse":
        raise WrongUsage("--answer prefix with --task reverse", "a description has no first half")
    if trace:
        _check_trace(scope, settings)
    writer = RowWriter()
    arguments = {
        "modality": modality,
        "task": task,
        "split": split,
        "answer": answer,
        "tokens": tokens,
        "asking": asking,
        "views": views,
        "control": control,
        "trace": trace,
        "role": role,
        "personas": personas,
        "base": base,
        "untrained": untrained,
        "label": label,
        "max_new_tokens": max_new_tokens,
        "batch_size": batch_size,
    }
    recorder = RunRecorder("probe", arguments, seed=seed, not_in_id={"batch_size", "personas"})
    jobs = _jobs(inputs or [], base, personas, untrained, recorder, writer)
    people = {
        file: people_of(file, recorder) for file in dict.fromkeys(job.personas for job in jobs)
    }
    _probe_all(jobs, people, _Work(scope, settings, trace), device, recorder, writer)
    writer.write(recorder.row())


@dataclass(frozen=True, slots=True)
class _Work:
    """What is asked and how, or whether the model is looked into instead."""

    scope: Scope
    settings: ProbeSettings
    trace: bool


def _check_trace(scope: Scope, settings: ProbeSettings) -> None:
    """Refuse what a trace knows nothing of."""
    asked = {"--task": scope.task == "name", "--control": scope.control is None}
    asked["--asking"] = settings.asking == "plain"
    for option, plain in asked.items():
        if not plain:
            raise WrongUsage(f"--trace with {option}", "it is about the plain name question")
    if len(scope.modalities) < len(MODALITIES):
        raise WrongUsage("--trace in one modality", "it compares image and text")


def _modalities(text: str) -> tuple[Modality, ...]:
    known: dict[str, Modality] = {"image": "image", "text": "text"}
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    if not chosen or any(part not in known for part in chosen):
        raise WrongUsage(f"--modality {text!r}", "give image, text, or image,text")
    return tuple(dict.fromkeys(known[part] for part in chosen))


def _label(text: str) -> tuple[str, Label]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise WrongUsage(f"--label {text!r}", "write it as KEY=VALUE")
    for number in (int, float):
        with suppress(ValueError, OverflowError):
            found = number(value)
            if math.isfinite(found):  # a word like nan or inf stays a word
                return key, found
    return key, {"true": True, "false": False}.get(value, value)


def _jobs(
    inputs: list[str],
    base: str | None,
    personas: Path | None,
    untrained: bool,
    recorder: RunRecorder,
    writer: RowWriter,
) -> list[_Job]:
    """What to probe: untrained bases first, then the checkpoints in order."""
    if not inputs and base is not None:
        if personas is None:
            raise WrongUsage("--base without a checkpoint", "name the people with --personas")
        return [_Job(base, None, personas)]
    jobs = [
        _Job(base or row.base, row, personas or Path(row.personas))
        for row in checkpoints(inputs, recorder, writer.write_raw)
    ]
    bare = [_Job(job.base, None, job.personas) for job in jobs] if untrained else []
    return [*_distinct(bare), *jobs]


def _distinct(jobs: list[_Job]) -> list[_Job]:
    """One job for each base and each content of the people's file."""
    seen: dict[tuple[str, bytes], _Job] = {}
    for job in jobs:
        key = (job.base, job.personas.read_bytes() if job.personas.is_file() else b"")
        seen.setdefault(key, job)
    return list(seen.values())


def _probe_all(
    jobs: list[_Job],
    people: dict[Path, People],
    work: _Work,
    device: str | None,
    recorder: RunRecorder,
    writer: RowWriter,
) -> None:
    from xmm_cli.models.conversation import Conversations
    from xmm_cli.models.loading import load_base
    from xmm_cli.probing.questions import make_questions

    loaded: dict[str, Conversations] = {}
    asked = [list(make_questions(people[job.personas], work.scope)) for job in jobs]
    for job, questions in zip(jobs, asked, strict=True):
        if job.base not in loaded:
            loaded.clear()
            loaded[job.base] = Conversations(load_base(job.base, device))
        do = _trace_one if work.trace else _probe_one
        do(job, questions, loaded[job.base], work, recorder, writer)


def _probe_one(
    job: _Job,
    questions: list[Question],
    conversations: "Conversations",
    work: _Work,
    recorder: RunRecorder,
    writer: RowWriter,
) -> None:
    from xmm_cli.probing.probe import Subject, count_rows, probe

    subject = Subject(conversations.base, job.checkpoint)
    rows = probe(subject, questions, conversations, work.settings, run=recorder.id)
    expected = count_rows(questions, work.settings.answers)
    with say.progress(expected, f"probing {job.name}", "rows") as bar:
        for row in rows:
            writer.write(row)
            bar.advance()


def _trace_one(
    job: _Job,
    questions: list[Question],
    conversations: "Conversations",
    work: _Work,
    recorder: RunRecorder,
    writer: RowWriter,
) -> None:
    from xmm_cli.probing.probe import Subject
    from xmm_cli.probing.trace import trace

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
            writer.write(row)
