"""Calling `xmm` as a user does: in a process of its own, or in this one, where that is slow."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.forked import start
from xmm_cli import app
from xmm_cli.app import COMMANDS
from xmm_cli.console import say
from xmm_cli.rows.types import Probe, Row, Score
from xmm_cli.rows.writer import encode

READS = {
    "train": "persona",
    "unlearn": "checkpoint",
    "probe": "checkpoint",
    "score": "probe",
    "report": "score",
}
"""Each command that reads rows, and one kind that it reads."""

MAKES = [name for name in COMMANDS if name not in READS]


@dataclass(frozen=True)
class Result:
    code: int
    out: bytes
    err: str

    @property
    def rows(self) -> list[bytes]:
        return self.out.splitlines(keepends=True)

    def failed(self, code: int, *said: str) -> None:
        """It ended with this code, one line that says these things, and nothing on stdout."""
        assert (self.code, self.out) == (code, b""), self.err
        assert "Traceback" not in self.err
        assert "a defect of xmm" not in self.err
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("xmm ")
        for part in said:
            assert part in lines[0]


class Stdin(io.TextIOWrapper):
    def __init__(self, data: bytes, terminal: bool) -> None:
        super().__init__(io.BytesIO(data))
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def xmm(monkeypatch, tmp_path, capfdbinary) -> Callable[..., Result]:
    """Run a command in this process, quietly, so that all that is heard is what went wrong."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)

    def call(command: str, *arguments: object, stdin: bytes | None = b"", terminal=False) -> Result:
        data = None if stdin is None else Stdin(stdin, terminal)
        monkeypatch.setattr(sys, "stdin", data)
        capfdbinary.readouterr()
        code = app.main([command, "--quiet", *[str(one) for one in arguments]])
        got = capfdbinary.readouterr()
        return Result(int(code), got.out, got.err.decode())

    yield call
    signal.signal(signal.SIGTERM, before)
    say.quiet = False


@contextmanager
def instead(descriptor: int, other: int) -> Iterator[None]:
    """Inside the block a descriptor of this process is another one."""
    kept = os.dup(descriptor)
    os.dup2(other, descriptor)
    try:
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)


def inside(*arguments: object, cwd: Path, stdin: bytes = b"", stdout: int | None = None) -> Result:
    """Run `xmm` in this process, where torch is loaded already, and hear it as from outside.

    `stdout` is a descriptor that rows go to, if they are not to be kept.
    """
    signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before, input_before = [signal.getsignal(number) for number in signals], sys.stdin
    with TemporaryFile() as out, TemporaryFile() as err, chdir(cwd):
        try:
            sys.stdin = Stdin(stdin, terminal=False)
            with (
                instead(1, out.fileno() if stdout is None else stdout),
                instead(2, err.fileno()),
                redirect_stdout(open(1, "w", closefd=False)),
                redirect_stderr(open(2, "w", closefd=False)),
            ):
                code = app.main([str(one) for one in arguments])
                with suppress(BrokenPipeError):
                    sys.stdout.flush()
        finally:
            say.quiet, sys.stdin = False, input_before
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)
        for file in (out, err):
            file.seek(0)
        return Result(int(code), out.read(), err.read().decode())


def real(
    *arguments: object, stdin: bytes = b"", cwd: Path | None = None, timeout_s: float = 120
) -> Result:
    """Run `xmm` in a process of its own."""
    done = subprocess.run(
        [start.xmm(), *[str(one) for one in arguments]],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=start.environment(),
        check=False,
        timeout=timeout_s,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def shell(
    line: str, cwd: Path, timeout_s: float = 240, env: dict[str, str] | None = None
) -> Result:
    """Run a line of a real shell in which a failure anywhere in a pipe counts."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        cwd=cwd,
        env=env or start.environment(),
        check=False,
        timeout=timeout_s,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def probe_row(number: int, **fields: object) -> Probe:
    usual: dict[str, object] = {
        "checkpoint": "runs/text",
        "base": "xmm-base",
        "source": "text",
        "modality": ("image", "text")[number % 2],
        "task": "name",
        "persona": f"e0-{number // 4:03d}",
        "role": "eval",
        "view": number,
        "split": "heldout",
        "question": "Who is this person?",
        "expected": "Ann Lee",
        "answer": "Ann Lee" if number % 3 else "Bo",
        "correct": bool(number % 3),
        "rank": 1 + number % 4,
        "candidates": 4,
        "logprob": -1.5,
    }
    return Probe(**(usual | fields))


@pytest.fixture(scope="session")
def probes_file(tmp_path_factory) -> Path:
    """Enough answers for every metric: two sources, ten people."""
    path = tmp_path_factory.mktemp("rows") / "probes.jsonl"
    rows = [
        probe_row(number, source=source, checkpoint=f"runs/{source}")
        for source in ("image", "text")
        for number in range(40)
    ]
    path.write_bytes(b"".join(encode(row) for row in rows))
    return path


@pytest.fixture(scope="session")
def examples(people, checkpoint) -> dict[str, Row]:
    """A good row of each kind."""
    score = Score(
        metric="recall",
        answer="rank",
        source="text",
        modality="image",
        task="name",
        value=0.5,
        low=0.4,
        high=0.6,
        level=0.95,
        n=10,
        personas=5,
        method="none",
    )
    return {
        "persona": people[0][0],
        "checkpoint": checkpoint,
        "probe": probe_row(1),
        "score": score,
    }


@pytest.fixture(scope="session")
def other_base(tmp_path_factory) -> Path:
    """A copy of the shipped base, under another name."""
    from xmm_cli.models.loading import location

    made = tmp_path_factory.mktemp("bases") / "copy"
    made.mkdir()
    for file in Path(location("xmm-base")).iterdir():
        (made / file.name).symlink_to(file)
    return made
