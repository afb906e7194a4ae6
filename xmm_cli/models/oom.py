"""When the memory is full: knowing it from other failures, and making room."""

from collections.abc import Callable
from typing import TypeVar

from xmm_cli import compat

T = TypeVar("T")

_SAYS = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""What a `RuntimeError` says where its class does not: the CPU's allocator, MPS, cuBLAS."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on the CPU or a device."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(part in str(error) for part in _SAYS)


def tried(do: Callable[[], T]) -> T | None:
    """What is done; None where memory ran out, and then the failed work is let go of."""
    try:
        return do()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    make_room()
    return None


def make_room() -> None:
    """Give back what failed work left behind; call it when its exception is handled."""
    compat.free_device_memory()
