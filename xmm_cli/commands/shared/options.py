"""The options that several commands share: one name, one help text, one meaning.

Use them as types: `def run(inputs: InputArg = None, quiet: QuietOption = False)`. The defaults of
a method's own options stand in that method's config class, not here.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

import typer

from xmm_cli.errors import WrongUsage

InputArg = Annotated[
    list[str] | None,
    typer.Argument(metavar="INPUT", help="Files of rows, or - for stdin, the default."),
]
"""Files of rows. An absent one is None: pass `inputs or []` to `read_rows`."""

OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="The folder to write to."),
]

OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the folder if it is there already.")
]

PersonasOption = Annotated[
    Path | None,
    typer.Option(
        "--personas",
        metavar="FILE",
        help="The persona rows; those saved in the checkpoint if absent.",
    ),
]

SeedOption = Annotated[
    int,
    typer.Option(
        "--seed", min=0, max=2**32 - 1, metavar="N", help="The same seed gives the same rows."
    ),
]

DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        envvar="XMM_DEVICE",
        metavar="NAME",
        help="Where to compute: cpu, cuda, cuda:1, mps; the best there is, if auto or absent.",
    ),
]

DtypeOption = Annotated[
    Literal["auto", "bfloat16", "float32"] | None,
    typer.Option("--dtype", help="Numbers of the base; auto: as saved, on a CPU float32."),
]

QuantizeOption = Annotated[
    Literal["4bit"] | None,
    typer.Option("--quantize", help="Pack the base's weights; needs CUDA and bitsandbytes."),
]

PackingOption = Annotated[
    Literal["4bit", "none"] | None,
    typer.Option("--quantize", help="Pack the base's weights, or not; as in training if absent."),
]

CheckpointingOption = Annotated[
    bool,
    typer.Option("--gradient-checkpointing", help="Less memory, a third more time."),
]

QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="No notes and no progress; errors stay.")
]


def flag(name: str) -> str:
    """How a parameter is spelled on the command line."""
    return f"--{name.replace('_', '-')}"


def refuse(options: Collection[str], beside: str, hint: str) -> None:
    """Refuse options that would do nothing, if there are any; `beside` is `with` or `without` what.

    Raises `WrongUsage`, naming the first.
    """
    if options:
        raise WrongUsage(f"{flag(min(options))} {beside}", hint)


def given(ctx: typer.Context) -> set[str]:
    """The parameters that stand on the command line."""
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    return {name for name, one in sources.items() if one is not None and one.name == "COMMANDLINE"}
