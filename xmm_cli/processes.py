"""The cores, and the processes of one run, as `torchrun` starts them: who writes, and what is told.

With one process, every function does what a plain call would do.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from xmm_cli.errors import ReaderGone, WorkFailed, XmmError

T = TypeVar("T")

_LONGEST_WAIT = timedelta(hours=12)
"""One process may look at a model, or load one, while the others wait."""

_LOADS_ONCE = "FSDP_CPU_RAM_EFFICIENT_LOADING"
"""By this setting of accelerate's all processes but the first may have an empty base."""

_TOLD = "xmm: an error was told"
_store: Any = None


def usable_cores() -> int:
    """The cores that this process may use, at least one; where the system cannot tell, all."""
    may_use = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(may_use(0)) if may_use else os.cpu_count() or 1


def count() -> int:
    """How many processes share the run."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def number() -> int:
    """Which of them this is, from 0."""
    return int(os.environ["RANK"]) if count() > 1 else 0


def is_first() -> bool:
    """Whether this process writes and speaks for all."""
    return number() == 0


def join(device: str | None) -> None:
    """Meet the other processes; on GPUs, each takes its own. Does nothing for a single one.

    Raises `WorkFailed` where the others do not come.
    """
    global _store
    if count() == 1 or _store is not None:
        return
    if _LOADS_ONCE in os.environ:
        os.environ[_LOADS_ONCE] = "false"  # each process looks at pictures with it
    import torch
    from torch import distributed

    on_gpu = torch.cuda.is_available() and not str(device).startswith("cpu")
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    try:
        store, rank, world = next(distributed.rendezvous("env://"))
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
            store=store,
            rank=rank,
            world_size=world,
            timeout=_LONGEST_WAIT,
        )
    except (RuntimeError, ValueError) as error:
        raise WorkFailed(f"the {count()} processes of this run did not meet: {error}") from error
    _store = store


def tells() -> bool:
    """Whether this process is to tell its error: the first that has one does, and no other."""
    if _store is None:
        return is_first()
    try:
        return bool(_store.add(_TOLD, 1) == 1)
    except RuntimeError:  # torchrun has ended before us
        return is_first()


def on_first(do: Callable[[], T]) -> T:
    """Have the first process do something; all get what it returns, or raise what it raises."""
    if count() == 1:
        return do()
    outcome: list[Any] = [None, None]
    if is_first():
        try:
            outcome[0] = do()
        except (XmmError, ReaderGone) as error:
            outcome[1] = error
    _talk(lambda distributed: distributed.broadcast_object_list(outcome, src=0))
    if outcome[1] is not None:
        raise outcome[1]
    found: T = outcome[0]
    return found


def together(do: Callable[[], T]) -> list[T]:
    """What each process returns, in their order; if one fails, all raise what it raised."""
    if count() == 1:
        return [do()]
    mine: tuple[Any, Any]
    try:
        mine = (do(), None)
    except XmmError as error:
        mine = (None, error)
    outcomes: list[Any] = [None] * count()
    _talk(lambda distributed: distributed.all_gather_object(outcomes, mine))
    for _, failure in outcomes:
        if failure is not None:
            raise failure
    return [found for found, _ in outcomes]


def _talk(how: Callable[[Any], Any]) -> None:
    from torch import distributed

    try:
        how(distributed)
    except RuntimeError as error:
        raise WorkFailed(
            "another process of this run has ended, so this one cannot go on"
        ) from error
