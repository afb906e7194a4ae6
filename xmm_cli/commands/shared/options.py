"""The options that several commands share: one name, one help text, one meaning.

They are types of an options class' fields. The defaults of a method's own options stand in that
method's config class, not here.
"""

from pathlib import Path
from typing import Annotated

from xmm_cli.flags import DATA, HARDWARE, OPTIMISATION, OUTPUT, Flag, Positional

InputFiles = Annotated[
    list[str] | None, Positional("Files of rows, or - for stdin, the default.", "INPUT")
]
"""Files of rows. An absent one is None: pass `options.inputs or []` to `read_rows`."""

Out = Annotated[Path | None, Flag("The folder to write to.", OUTPUT, "--out -o", metavar="DIR")]

Overwrite = Annotated[bool, Flag("Replace the folder if it is there already.", OUTPUT)]

Personas = Annotated[
    Path | None,
    Flag("The persona rows; those saved in the checkpoint if absent.", DATA, metavar="FILE"),
]

Device = Annotated[
    str | None,
    Flag(
        "Where to compute: cpu, cuda, cuda:1, mps; the best there is, if auto or absent.",
        HARDWARE,
        metavar="NAME",
        env="XMM_DEVICE",
    ),
]

Set = Annotated[
    list[str] | None,
    Flag(
        "A hyper-parameter of the method; may be repeated. With their defaults: {known}.",
        OPTIMISATION,
        "--set",
        metavar="NAME=VALUE",
    ),
]


def listed(text: str) -> list[str]:
    """Names by comma."""
    return [name.strip() for name in text.split(",") if name.strip()]
