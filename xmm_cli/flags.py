"""How a field of an options class stands on the command line; nothing here knows the parser.

A field `steps: Annotated[int, Flag("Help.", OPTIMISATION, metavar="N", min=1)] = 300` is the option
`--steps N`. Its default, its type and its help stand there and nowhere else.
"""

from dataclasses import dataclass
from typing import Annotated

DATA = "Data"
LEARNED = "What is learned"
UNLEARNED = "What is unlearned"
ASKED = "What is asked"
PICTURES = "Pictures"
MEASURED = "What is measured"
SHOWN = "What is shown"
OPTIMISATION = "Optimisation"
INTERVALS = "Intervals"
HARDWARE = "Model and hardware"
SERVED = "A served model"
OUTPUT = "Output"
COMMON = "Common"

PANELS = (
    *(DATA, PICTURES, LEARNED, UNLEARNED, ASKED, MEASURED, SHOWN),
    *(OPTIMISATION, INTERVALS, HARDWARE, SERVED, OUTPUT, COMMON),
)
"""The groups of a command's help, in their order."""


@dataclass(frozen=True, slots=True)
class Flag:
    """An option's help and the group it stands in.

    `names` are all its spellings, apart by spaces; `--field-name` where empty. `{known}` in the
    help is replaced by the names of the methods that the command knows for it. `min` and `max` are
    the least and the largest number allowed, `env` the variable that is read where it is absent.
    """

    help: str
    panel: str
    names: str = ""
    metavar: str | None = None
    min: float | None = None
    max: float | None = None
    env: str | None = None


@dataclass(frozen=True, slots=True)
class Positional:
    """The arguments that are no options."""

    help: str
    metavar: str


Seed = Annotated[
    int, Flag("The same seed gives the same rows.", COMMON, metavar="N", min=0, max=2**32 - 1)
]
