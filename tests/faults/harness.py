"""Commands that are killed at random moments, run again, and compared with one that was not.

A round is a fresh folder: the command is killed there some times, each at a moment drawn evenly
over the time that it takes, and then left alone. What it has written then, files and rows, has to
be what the undisturbed command writes, to the byte, and nothing else may lie there.
"""

import os
import random
import resource
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forked import client, start

PEOPLE = "people/personas.jsonl"
TAUGHT = "taught"
TINY = ("--base", "xmm-base-xs", "--batch-size", "4", "--seed", "5")

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "XMM_DEVICE": "cpu"}
LOOP = "xmm_cli.training.run.loop"
OFTEN = {"_SAVE_EVERY": 4, "_LOG_EVERY": 2}
"""Steps between two saved states and two log entries: few steps are to hold many moments."""


@dataclass(frozen=True)
class Command:
    """A command line that is tried, and what it finds in its folder."""

    name: str
    argv: tuple[str, ...]
    needs: tuple[str, ...] = ()
    stdin: str | None = None


GEN = ("gen-personas", "-n", "3", "--views", "2", "--heldout", "1", "--size", "32", "--out")
TRAIN = ("train", PEOPLE, *TINY, "--source", "both", "--steps", "12")
UNLEARN = ("unlearn", TAUGHT, "--forget", "1", "--gate", "0", "--steps", "8", "--batch-size", "2")
COMMANDS = (
    Command("gen-personas", (*GEN, "made", "--sheet", "sheet.png", "--processes", "1")),
    Command("gen-personas, 2 processes", (*GEN, "made", "--processes", "2")),
    Command("train", (*TRAIN, "--save-every", "5", "--out", "runs/made"), ("people",)),
    Command(
        "unlearn",
        (*UNLEARN, "--save-every", "3", "--out", "runs/gone"),
        ("people", TAUGHT),
    ),
    Command("probe", ("probe", TAUGHT, "--max-new-tokens", "4"), ("people", TAUGHT)),
    Command("score", ("score", "--resamples", "500"), ("probes.jsonl",), "probes.jsonl"),
)


@dataclass
class Tally:
    """What became of one command."""

    kills: int = 0
    rounds: int = 0
    equal: int = 0
    troubles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it left."""

    code: int
    out: bytes
    err: str
    files: dict[str, bytes]


class Broken(AssertionError):
    """A promise that was not kept."""


GROUP_ENDS_WITHIN_S = 30.0


def run(
    command: Command,
    cwd: Path,
    *,
    kill_after_s: float | None = None,
    number: int = signal.SIGKILL,
    with_children: bool = False,
    wait_for_children: bool = False,
    file_bytes: int | None = None,
) -> tuple[int, float]:
    """Run it in a fork; its code, which below zero is a signal, and how many seconds it took.

    It gets the signal after `kill_after_s`, if it runs so long; rows go to `cwd`.out, and what it
    says to `cwd`.err.
    """
    request = client.surroundings() | {"argv": ["xmm", *command.argv, "--quiet"], "cwd": str(cwd)}
    request |= {"env": dict(os.environ) | ENVIRONMENT, "ignored": [], "knobs": {LOOP: OFTEN}}
    if file_bytes is not None:
        request["limits"][resource.RLIMIT_FSIZE] = (file_bytes, -1)
    with (
        (cwd / (command.stdin or os.devnull)).open() as stdin,
        cwd.with_suffix(".out").open("wb") as out,
        cwd.with_suffix(".err").open("wb") as err,
    ):
        start_s = time.monotonic()
        streams = (stdin.fileno(), out.fileno(), err.fileno())
        forked = client.ask(str(start.program().folder), request, streams)
    ended = select.select([forked.connection], [], [], kill_after_s)[0]
    if not ended:
        # its helpers live on for a moment unless they are killed too: both happen to users
        with suppress(ProcessLookupError):  # it has no group of its own yet
            (os.killpg if with_children else os.kill)(forked.pid, number)
    code = forked.wait()
    elapsed_s = time.monotonic() - start_s
    if wait_for_children:
        _wait_for_group(forked.pid)
    return code, elapsed_s


def _wait_for_group(group: int) -> None:
    """Until no process of it is left; what is not by then is killed."""
    deadline = time.monotonic() + GROUP_ENDS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    os.killpg(group, signal.SIGKILL)


class Trial:
    """All commands, what they need, and what they write when no one disturbs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tallies = {command.name: Tally() for command in COMMANDS}
        self._template = folder / "template"
        self._known: dict[str, tuple[float, dict[str, bytes], list[bytes]]] = {}
        self._prepare()

    def once(self, command: Command, **how: Any) -> Ended:
        """Run it in a folder of its own, and tell how that ended."""
        with self.fresh(command) as cwd:
            code, _ = run(command, cwd, wait_for_children=True, **how)
            out, err = (cwd.with_suffix(one).read_bytes() for one in (".out", ".err"))
            return Ended(code, out, err.decode(), tree(cwd))

    def _prepare(self) -> None:
        self._template.mkdir()
        taught = Command("", (*TRAIN, "--out", TAUGHT))
        for command in (Command("", (*GEN, "people")), taught, Command("", COMMANDS[4].argv)):
            code, _ = run(command, self._template)
            if code != 0:
                raise Broken(self._template.with_suffix(".err").read_text())
        rows = self._template.with_suffix(".out").read_bytes().splitlines(keepends=True)
        few = b"".join(line for line in rows if b'"kind":"probe"' in line)
        (self._template / "probes.jsonl").write_bytes(few)

    def round(self, command: Command, kills: int, rng: random.Random) -> None:
        """Kill it up to so many times in one folder, let it end, and compare."""
        takes_s, files, rows = self.undisturbed(command)
        tally = self.tallies[command.name]
        with self.fresh(command) as cwd:
            for _ in range(kills):
                after_s = rng.uniform(0, takes_s)
                code, _ = run(command, cwd, kill_after_s=after_s, with_children=rng.random() < 0.5)
                tally.kills += code == -signal.SIGKILL
                self.check_killed(code, cwd, rows)
                if code == 0:
                    break
            code, _ = run(command, cwd, wait_for_children=True)
            tally.rounds += 1
            trouble = self.differs(code, cwd, files, rows)
            tally.equal += not trouble
            tally.troubles += [f"{command.name}: {trouble}"] if trouble else []

    def undisturbed(self, command: Command) -> tuple[float, dict[str, bytes], list[bytes]]:
        if command.name not in self._known:
            with self.fresh(command) as cwd:
                code, elapsed_s = run(command, cwd, wait_for_children=True)
                if code != 0:
                    raise Broken(cwd.with_suffix(".err").read_text())
                self._known[command.name] = (elapsed_s, tree(cwd), rows_of(cwd))
        return self._known[command.name]

    @contextmanager
    def fresh(self, command: Command) -> Iterator[Path]:
        cwd = self.folder / "work"
        cwd.mkdir()
        for name in command.needs:
            given = self._template / name
            (shutil.copytree if given.is_dir() else shutil.copy)(given, cwd / name)
        yield cwd
        shutil.rmtree(cwd)

    def check_killed(self, code: int, cwd: Path, rows: list[bytes]) -> None:
        """What a killed command has said is whole lines, and the right ones."""
        if code not in (0, -signal.SIGKILL):
            raise Broken(f"code {code}: {cwd.with_suffix('.err').read_text()}")
        out = cwd.with_suffix(".out").read_bytes()
        if out and not out.endswith(b"\n"):
            raise Broken(f"half a row: {out[-200:]!r}")
        said = rows_of(cwd)
        if said != rows[: len(said)]:
            pairs = zip(said, [*rows, *[b""] * len(said)], strict=False)
            first = next(pair for pair in pairs if pair[0] != pair[1])
            raise Broken(f"a row before the kill that is not the whole run's: {first}")

    def differs(self, code: int, cwd: Path, files: dict[str, bytes], rows: list[bytes]) -> str:
        if code != 0:
            return f"code {code}: {cwd.with_suffix('.err').read_text()}"
        found = tree(cwd)
        odd = sorted(found.keys() ^ files.keys())
        odd += sorted(name for name in found.keys() & files.keys() if found[name] != files[name])
        if odd:
            return f"not as undisturbed: {', '.join(odd[:5])}"
        return "" if rows_of(cwd) == rows else "other rows than undisturbed"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path, hidden ones too; folders end in a slash."""
    return {
        f"{path.relative_to(folder)}{'/' if path.is_dir() else ''}": (
            b"" if path.is_dir() else path.read_bytes()
        )
        for path in folder.rglob("*")
    }


def rows_of(cwd: Path) -> list[bytes]:
    """What a command wrote to stdout, without `run` rows, which hold times."""
    lines = cwd.with_suffix(".out").read_bytes().splitlines()
    return [line for line in lines if not line.startswith(b'{"kind":"run"')]
