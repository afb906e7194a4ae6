"""How many processes to draw with."""

import os


def usable_cores() -> int:
    """The cores that this process may use, at least one; where the system cannot tell, all."""
    may_use = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(may_use(0)) if may_use else os.cpu_count() or 1
