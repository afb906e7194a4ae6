"""Several ways of doing the same work, run in turn, each in a process of its own.

A way is prepared once in its process and then does the work once a round. Rounds alternate, so that
what else the machine does falls on all ways alike; ratios are taken within a round. While one way
works the others wait. A way that shares no process has its own memory.
"""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

Work = Callable[[], Any]
"""Does the work once; what it returns is sent back for comparison."""


@dataclass(frozen=True, slots=True)
class Way:
    """`target` (`module:function`) is called with `arguments` and returns the work."""

    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Lap:
    """One way's rounds: wall and CPU seconds of each, the last result, memory in MB."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    result: Any = None
    peak_mb: float = 0.0
    """The most that the process held above what it held with torch and peft imported."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How often one time fits into another: the median of the rounds, and their spread."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} [{self.low:.2f}–{self.high:.2f}]"


def run(ways: Mapping[str, Way], rounds: int = 3, threads: int = 1) -> dict[str, Lap]:
    """Every way's laps. One round before the first is not counted."""
    os.environ |= {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "XMM_DEVICE": "cpu"}
    os.environ |= {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}
    os.environ |= {"XMM_CACHE_SIZE": "0"}  # no round finds what an earlier one has kept
    workers = {name: _Worker(way) for name, way in ways.items()}
    laps = {name: Lap() for name in ways}
    try:
        for number in range(rounds + 1):
            for name, worker in workers.items():
                wall, cpu, laps[name].result, laps[name].peak_mb = worker.once()
                if number > 0:
                    laps[name].wall_s.append(wall)
                    laps[name].cpu_s.append(cpu)
    finally:
        for worker in workers.values():
            worker.stop()
    return laps


def ratio(upper: Sequence[float], lower: Sequence[float]) -> Ratio:
    """The ratio of two ways' seconds, round by round."""
    each = [one / other for one, other in zip(upper, lower, strict=True)]
    return Ratio(median(each), min(each), max(each))


class _Worker:
    def __init__(self, way: Way) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # not a daemon: a way may start processes of its own
        self._process = context.Process(target=_serve, args=(theirs, way))
        self._process.start()
        theirs.close()
        self._told()

    def once(self) -> tuple[float, float, Any, float]:
        self._pipe.send("go")
        found: tuple[float, float, Any, float] = self._told()
        return found

    def stop(self) -> None:
        self._pipe.close()
        self._process.join()

    def _told(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError:
            raise RuntimeError("a way of this benchmark failed; its error is above") from None


def _serve(pipe: Connection, way: Way) -> None:
    module, _, name = way.target.partition(":")
    make = getattr(import_module(module), name)
    before_mb = _memory_mb("VmRSS")
    work = make(**way.arguments)
    pipe.send("ready")
    while True:
        try:
            pipe.recv()
        except EOFError:
            os._exit(0)  # what a way has left open is put back by threads, which may not start now
        gc.collect()
        wall, cpu = time.perf_counter(), _cpu_s()
        result = work()
        lap = time.perf_counter() - wall, _cpu_s() - cpu
        # not ru_maxrss, which begins with what the parent held
        pipe.send((*lap, result, _memory_mb("VmHWM") - before_mb))


def _cpu_s() -> float:
    """Of this process and of those that it started and that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _memory_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0
