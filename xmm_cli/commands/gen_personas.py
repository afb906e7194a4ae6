"""`xmm gen-personas`."""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from xmm_cli.commands.options import QuietOption, SeedOption
from xmm_cli.console import say
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Persona
from xmm_cli.rows.writer import RowWriter

EXAMPLES = """
Examples:
  xmm gen-personas -n 50 --aux 50 --out people --sheet sheet.png > /dev/null
  xmm gen-personas -n 32 --seed 7 --out people | xmm train --source image
  jq -r .name people/personas.jsonl

The folder gets personas.jsonl, metadata.jsonl, images/ and a data card; the same rows go to
stdout. Run again after an interruption, it draws only the pictures that are missing.
"""


def run(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder to make.")],
    people: Annotated[
        int, typer.Option("--people", "-n", min=1, max=1000, metavar="N", help="People to measure.")
    ] = 50,
    aux: Annotated[
        int, typer.Option("--aux", min=0, max=1000, metavar="N", help="Other people.")
    ] = 0,
    views: Annotated[
        int, typer.Option("--views", min=1, max=500, metavar="K", help="Training views a person.")
    ] = 16,
    heldout: Annotated[
        int, typer.Option("--heldout", min=0, max=500, metavar="K", help="Held-out views a person.")
    ] = 8,
    size: Annotated[
        int, typer.Option("--size", min=16, max=2048, metavar="PX", help="Side of a picture.")
    ] = 96,
    renderer: Annotated[str, typer.Option("--renderer", metavar="NAME")] = "avatar",
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="PNG", help="Also draw a contact sheet.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, metavar="N", help="As many as cores if absent."),
    ] = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Make people who do not exist: names, looks, facts, pictures and descriptions.

    Writes a `persona` row each. Descriptions never hold the name. Held-out views use words,
    expressions and backgrounds that no training view uses.
    """
    from xmm_cli.personas.dataset import Request, claim_folder, make_personas, write_tables

    say.quiet = quiet
    request = Request(
        people=people,
        aux=aux,
        views=views,
        heldout=heldout,
        size=size,
        renderer=renderer,
        seed=seed,
    )
    recorder = RunRecorder("gen-personas", msgspec.to_builtins(request), seed=seed)
    if claim_folder(request, out):
        say.note(f"{out}: the same request was begun before; drawing what is missing")
    writer = RowWriter(keep_going=True)
    rows = []
    workers = processes or len(os.sched_getaffinity(0))
    made = make_personas(request, out, run=recorder.id, processes=workers)
    with say.progress(people + aux, "drawing", "people") as bar:
        for persona in made:
            rows.append(persona)
            writer.write(_from_here(persona, out))
            bar.advance()
    write_tables(rows, request, out)
    if sheet is not None:
        from xmm_cli.personas.sheet import write_sheet

        write_sheet(rows, out, sheet)
    say.note(f"{out}: {people} people, {aux} auxiliary people")
    writer.write(recorder.row())


def _from_here(persona: Persona, folder: Path) -> Persona:
    """The row with paths that count from the working directory, as rows in a pipe do."""
    images = tuple(
        msgspec.structs.replace(view, path=str(folder / view.path)) for view in persona.images
    )
    return msgspec.structs.replace(persona, images=images)
