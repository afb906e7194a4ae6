"""The command table, and how each kind of failure ends."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
import typer

from xmm_cli import __version__, app, stopping
from xmm_cli.commands.shared.options import InputFiles
from xmm_cli.console import say
from xmm_cli.errors import BadData, GateTripped, PartlyFailed, ReaderGone, Unavailable
from xmm_cli.flags import OUTPUT, Flag, Seed

EXAMPLES = """
Examples:
  xmm probe runs/a |
    xmm score

Two words.
"""


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


RAISED = {
    "data": BadData("a.jsonl:1: no [b]row[/b]\x1b[0m", "mend it"),
    "gate": GateTripped("recall is 0.5"),
    "partly": PartlyFailed("2 of 9"),
    "absent": Unavailable("no cuda"),
    "reader": ReaderGone(),
    "pipe": BrokenPipeError(errno.EPIPE, "Broken pipe"),
    "interrupt": KeyboardInterrupt(),
    "terminated": stopping.Terminated(),
    "memory": MemoryError(),
    "gpu": OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    "cpu": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
    "full": OSError(errno.ENOSPC, "No space left on device"),
    "defect": ZeroDivisionError("division by zero"),
    "exit": typer.Exit(7),
    "text": SystemExit("a library gave up"),
}


@dataclass(frozen=True)
class Options:
    inputs: InputFiles = None
    failure: Annotated[str, Flag("Which.", OUTPUT)] = ""
    seed: Seed = 0


def run(options: Options) -> None:
    """Ask a model.

    At length.
    """
    if options.failure:
        raise RAISED[options.failure]
    print(options.inputs, options.seed, say.quiet)


@pytest.fixture
def xmm(monkeypatch, capsys):
    monkeypatch.setitem(
        sys.modules, "xmm_cli.commands.probe", SimpleNamespace(run=run, EXAMPLES=EXAMPLES)
    )
    monkeypatch.setattr(app, "silence_stdout", lambda: None)
    monkeypatch.delenv("XMM_DEBUG", raising=False)
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = app.main(arguments)
        got = capsys.readouterr()
        return code, got.out, got.err

    yield call
    signal.signal(signal.SIGTERM, before)
    say.quiet = False


def test_options_reach_the_command(xmm):
    assert xmm("probe", "a", "b", "--seed", "3", "-q") == (0, "['a', 'b'] 3 True\n", "")
    assert xmm("probe") == (0, "None 0 False\n", "")


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        ("data", 65, r"xmm probe: a.jsonl:1: no [b]row[/b]\x1b[0m; mend it"),
        ("gate", 3, "xmm probe: recall is 0.5"),
        ("partly", 4, "xmm probe: 2 of 9"),
        ("absent", 69, "xmm probe: no cuda"),
        ("reader", 0, None),
        ("pipe", 0, None),
        ("interrupt", 130, "xmm probe: interrupted"),
        ("terminated", 143, "xmm probe: terminated"),
        ("memory", 1, "xmm probe: out of memory; try smaller batches or a smaller model"),
        ("gpu", 1, "xmm probe: out of memory; try smaller batches or a smaller model"),
        ("cpu", 1, "xmm probe: out of memory; try smaller batches or a smaller model"),
        ("full", 73, "xmm probe: output: No space left on device"),
        ("exit", 7, None),
        ("text", 1, "a library gave up"),
    ],
)
def test_every_failure_has_its_code_and_one_line(xmm, failure, code, said):
    assert xmm("probe", "--failure", failure) == (code, "", f"{said}\n" if said else "")


def test_a_defect_says_so_and_shows_where_on_demand(xmm, monkeypatch):
    code, out, err = xmm("probe", "--failure", "defect")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "xmm probe: a defect of xmm: ZeroDivisionError: division by zero; "
        "XMM_DEBUG=1 shows where, please report it"
    ]
    monkeypatch.setenv("XMM_DEBUG", "1")
    _, _, err = xmm("probe", "--failure", "defect")
    assert "Traceback" in err
    assert "test_app.py" in err


def test_wrong_usage_is_2(xmm):
    for arguments, said in [
        (["prob"], "did you mean probe?"),
        (["xyz"], "known: gen-personas, train"),
        (["probe", "--sede", "1"], "--sede"),
        (["probe", "--seed", "-1"], "--seed"),
        (["probe", "--seed", "x"], "--seed"),
        ([], "Commands:"),
    ]:
        code, out, err = xmm(*arguments)
        assert (code, out) == (2, "")
        assert said in err


def test_help_shows_the_examples_as_they_stand(xmm):
    code, out, err = xmm("probe", "--help")
    assert (code, err) == (0, "")
    assert "\n  Ask a model.\n\n  At length.\n" in out
    assert out.endswith("\nExamples:\n  xmm probe runs/a |\n  xmm score\n\n  Two words.\n")
    assert "\b" not in out


def test_the_help_lists_the_table(xmm):
    code, out, err = xmm("--help")
    assert (code, err) == (0, "")
    for name, (_, summary) in app.COMMANDS.items():
        assert f"  {name} " in out
        assert summary in out
    assert "130 interrupted" in out


def test_version(xmm):
    assert xmm("--version") == (0, f"xmm {__version__}\n", "")


def test_every_command_of_the_table_has_a_file():
    folder = Path(app.__file__).parent / "commands"
    files = {name: folder / f"{module}.py" for name, (module, _) in app.COMMANDS.items()}
    missing = [name for name, file in files.items() if not file.is_file()]
    assert missing == []


HEAVY = {"torch", "transformers", "peft", "diffusers", "duckdb", "matplotlib", "scipy", "rich"}


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from xmm_cli.app import main; main(['--help']);"
        f"print(*sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


IDLE = """
import time
from xmm_cli.app import main
main(["--version"])
import numpy
square = numpy.ones((600, 600))
square @ square
before = time.process_time() - time.thread_time()
time.sleep(0.3)
print(time.process_time() - time.thread_time() - before)
"""


def test_threads_that_wait_for_work_use_no_processor():
    free = {name: value for name, value in os.environ.items() if "_THREAD" not in name}
    done = subprocess.run(
        [sys.executable, "-c", IDLE], capture_output=True, text=True, check=True, env=free
    )
    assert float(done.stdout.split()[-1]) < 0.02


PLANT = """
import sys, time, types
from dataclasses import dataclass
from typing import Annotated
from xmm_cli.flags import OUTPUT, Flag
@dataclass
class Options:
    kind: Annotated[str, Flag("Which.", OUTPUT)] = ""
def run(options: Options) -> None:
    kind = options.kind
    from xmm_cli.rows.types import Persona
    from xmm_cli.rows.writer import RowWriter
    if kind == "sleep":
        print("ready", flush=True)
        time.sleep(30)
    if kind == "print":
        print("x" * 1_000_000, flush=True)
    writer = RowWriter(keep_going=kind == "keep")
    for number in range(20_000):
        writer.write(Persona(id=str(number), name="Ann", role="eval"))
    print("finished", file=sys.stderr)
sys.modules["xmm_cli.commands.probe"] = types.SimpleNamespace(run=run, EXAMPLES="")
from xmm_cli.app import main
sys.exit(main())
"""


def started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PLANT, "probe", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(("kind", "said"), [("", b""), ("keep", b"finished\n"), ("print", b"")])
def test_a_reader_that_leaves_after_one_line_is_no_failure(kind, said):
    process = started("--kind", kind)
    process.stdout.readline() if kind != "print" else process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read() == said
    assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGTERM, 143, b"xmm probe: terminated\n"),
        (signal.SIGINT, 130, b"xmm probe: interrupted\n"),
    ],
)
def test_signals_end_it_in_order(number, code, said):
    process = started("--kind", "sleep")
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.wait(20) == code
    assert process.stderr.read() == said


@pytest.mark.parametrize(
    ("heard", "code", "word"),
    [
        ([], 130, "interrupted"),
        ([stopping.Terminated], 143, "terminated"),
        ([stopping.Terminated, stopping.HungUp], 129, "hung up"),
    ],
)
def test_a_signal_that_duckdb_swallowed_is_still_that_signal(monkeypatch, heard, code, word):
    monkeypatch.setattr(stopping, "heard", heard)
    assert stopping.explain(RuntimeError("Query interrupted")) == (word, code)
