"""`xmm probe`."""

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from xmm_cli import processes
from xmm_cli.commands.shared import torchrun
from xmm_cli.commands.shared.checkpoints import people_of
from xmm_cli.commands.shared.jobs import Shard, Work, find_jobs, probe_all
from xmm_cli.commands.shared.options import (
    DeviceOption,
    DtypeOption,
    InputArg,
    PackingOption,
    PersonasOption,
    QuietOption,
    SeedOption,
    given,
    refuse,
)
from xmm_cli.commands.shared.outputs import opened
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.models.loading import Precision
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.questions import Scope
from xmm_cli.rows.people import person_of
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import LARGEST, MODALITIES, Answer, Label, Modality

EXAMPLES = """
Examples:
  xmm probe runs/image runs/text --untrained >> results.jsonl
  xmm train people/personas.jsonl --source text | xmm probe | xmm score
  xmm probe --base xmm-base --personas people/personas.jsonl --task attribute
  xmm probe runs/image --modality text | jq -r 'select(.correct == false) | .answer'
  xmm probe runs/image runs/text --asking describe-first >> results.jsonl
  xmm probe runs/image runs/text --trace --untrained > trace.jsonl
  xmm probe runs/image runs/text --resume results.jsonl
  xmm probe runs/image --shard 2/8 > part-2.jsonl
  torchrun --nproc_per_node 4 -m xmm_cli probe runs/image >> results.jsonl

An INPUT is a checkpoint's folder, or a file of checkpoint rows. One row is written for each
question, as soon as it is answered.

With --resume the rows go to FILE: the same command again asks only what has no row there. With
--shard each part of the questions can run on a machine of its own; cat of all parts, in order,
gives the rows of the whole. Under torchrun the processes share the questions.

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


def run(
    ctx: typer.Context,
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
        Literal["plain", "describe-first", "name-first", "hop-by-hop"],
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
    dtype: DtypeOption = None,
    quantize: PackingOption = None,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", help="Ask the I-th of N parts only, from 1/N on."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", metavar="FILE", help="Append to FILE what is missing there, not to stdout."
        ),
    ] = None,
    engine: Annotated[
        Literal["transformers", "vllm"],
        typer.Option("--engine", help="What generates; vllm (an extra) only generates."),
    ] = "transformers",
    device: DeviceOption = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Ask a model about people, in either modality.

    Reads `checkpoint` rows or folders; writes a `probe` row for each question. Answers are greedy:
    the seed decides only who is swapped with whom, and the chance of an alignment.
    """
    say.quiet = quiet
    torchrun.join(inputs or [], device, reads_stdin=base is None)
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
    settings = replace(settings, labels=_unusual(settings, scope) | dict(settings.labels))
    part = None if shard is None else Shard.read(shard)
    _check(settings, engine, device, alone=trace, kept=resume is not None or part is not None)
    if answer == "prefix" and task == "reverse":
        raise WrongUsage("--answer prefix with --task reverse", "a description has no first half")
    if tokens and "rank" not in settings.answers:
        raise WrongUsage(f"--tokens with --answer {answer}", "it is for answers that are ranked")
    if trace:
        _check_trace(scope, settings)
    _refuse_unused(given(ctx), trace, answer, task)
    if asking == "hop-by-hop" and task != "fact":
        raise WrongUsage(f"--asking hop-by-hop with --task {task}", "a fact alone has two hops")
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
        "dtype": dtype,
        "quantize": quantize,
        "shard": shard,
        "engine": None if engine == "transformers" else engine,
    }
    recorder = RunRecorder("probe", arguments, seed=seed, not_in_id=NOT_IN_ID)
    passed: list[bytes] = []
    wanted = Precision(dtype, quantize)
    jobs = find_jobs(inputs or [], base, personas, untrained, wanted, recorder, passed.append)
    key = person_of if trace else None  # a trace counts by person, questions need not be told apart
    people = {
        file: people_of(file, recorder, key) for file in dict.fromkeys(job.personas for job in jobs)
    }
    work = Work(scope, settings, trace, engine, device)
    with opened(resume, recorder.id) as output:
        if part is None or part.number == 1:  # rows that pass through stand in one part only
            output.begin(passed)
        probe_all(jobs, people, work, part, output, recorder)


def _check(
    settings: ProbeSettings, engine: str, device: str | None, *, alone: bool, kept: bool
) -> None:
    """Refuse what neither a trace nor another engine can do. `alone` is a trace."""
    if alone and kept:
        raise WrongUsage("--trace with --shard or --resume", "it looks at all views at once")
    if alone and processes.count() > 1:
        raise WrongUsage("--trace in several processes", "run it in one, without torchrun")
    if engine == "vllm":
        if alone or settings.answers != ("generate",) or settings.asking != "plain":
            raise WrongUsage(
                "--engine vllm only generates answers, asked plainly", "add --answer generate"
            )
        if processes.count() > 1:
            raise WrongUsage("--engine vllm in several processes", "it takes all GPUs by itself")
        if device not in (None, "auto", "cuda"):
            raise WrongUsage(f"--engine vllm with --device {device}", "it takes the GPUs it sees")


def _unusual(settings: ProbeSettings, scope: Scope) -> dict[str, Label]:
    """Labels for options that change what is answered, and that no row tells otherwise."""
    found: dict[str, Label] = {}
    if settings.max_new_tokens != _D.max_new_tokens:
        found["max_new_tokens"] = settings.max_new_tokens
    if scope.control == "swapped" and scope.seed != Scope().seed:
        found["control_seed"] = scope.seed
    return found


def _check_trace(scope: Scope, settings: ProbeSettings) -> None:
    """Refuse what a trace knows nothing of."""
    asked = {"--task": scope.task == "name", "--control": scope.control is None}
    asked["--asking"] = settings.asking == "plain"
    for option, plain in asked.items():
        if not plain:
            raise WrongUsage(f"--trace with {option}", "it is about the plain name question")
    if len(scope.modalities) < len(MODALITIES):
        raise WrongUsage("--trace in one modality", "it compares image and text")


def _refuse_unused(options: set[str], trace: bool, answer: str, task: str) -> None:
    """Refuse options on the command line that would do nothing."""
    if trace:
        refuse(options & {"answer", "tokens", "max_new_tokens"}, "with --trace", "it asks nothing")
    if answer == "rank":
        refuse(options & {"max_new_tokens"}, "with --answer rank", "nothing is generated")
    if task == "reverse":
        refuse(options & {"views"}, "with --task reverse", "it shows none")


def _modalities(text: str) -> tuple[Modality, ...]:
    known: dict[str, Modality] = {"image": "image", "text": "text"}
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    if not chosen or any(part not in known for part in chosen):
        raise WrongUsage(f"--modality {text!r}", "give image, text, or image,text")
    return tuple(dict.fromkeys(known[part] for part in chosen))


def _label(text: str) -> tuple[str, Label]:
    """Key and value: a number only if it is written as that number prints, so that 007 stays."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise WrongUsage(f"--label {text!r}", "write it as KEY=VALUE")
    with suppress(ValueError):  # no number, or one of thousands of digits
        if str(int(value)) == value and abs(int(value)) <= LARGEST:
            return key, int(value)
    with suppress(ValueError):
        if repr(float(value)) == value and math.isfinite(float(value)):  # nan and inf stay words
            return key, float(value)
    return key, {"true": True, "false": False}.get(value, value)
