"""`xmm gen-personas`."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from xmm_cli.commands.shared.datasets import Drawing, Import, make
from xmm_cli.commands.shared.options import DeviceOption, QuietOption, SeedOption, given, refuse
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.personas.cores import usable_cores
from xmm_cli.personas.importing import IMPORTERS
from xmm_cli.personas.rendering import PAINTERS, RENDERERS
from xmm_cli.personas.rendering.identity import IDENTITIES

EXAMPLES = """
Examples:
  xmm gen-personas -n 50 --aux 50 --out people --sheet sheet.png > /dev/null
  xmm gen-personas -n 32 --seed 7 --out people | xmm train --source image
  xmm gen-personas --from csv mine/people.csv --out people | xmm train --source both
  xmm gen-personas --from clear CLEAR -n 50 --aux 50 --size 224 --out people > /dev/null
  xmm gen-personas --renderer diffusers --model MODEL --size 512 --describe VLM --out people
  jq -r .name people/personas.jsonl

The folder gets personas.jsonl, metadata.jsonl, images/ and a data card; the same rows go to
stdout. Run again after an interruption, it draws only the pictures that are missing.

--from imports people. imagefolder, jsonl and csv have a row for each view: name, picture (or
file_name), description (or text), and where they are there split (train or heldout), role (eval
or aux), persona (who it is, if the name does not tell), fact.NAME and attribute.NAME. mllmu,
clear and fiubench are MLLMU-Bench, CLEAR and FIUBench as they are published. Parquet needs
pip install 'xmm-cli[parquet]'. A quarter of a person's views is held out where the source does
not say which. A single view stands in both splits, and is then asked about although it was
learned, unless --lone-view is train.
"""

SIZE = {"avatar": 96, "diffusers": 512}
"""The side of a picture in pixels, where none is asked for, by renderer."""


def run(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder to make.")],
    people: Annotated[
        int, typer.Option("--people", "-n", min=1, max=1000, metavar="N", help="People to measure.")
    ] = 50,
    aux: Annotated[
        int,
        typer.Option("--aux", min=0, max=1000, metavar="N", help="Auxiliary people beside them."),
    ] = 0,
    views: Annotated[
        int, typer.Option("--views", min=1, max=500, metavar="K", help="Training views a person.")
    ] = 16,
    heldout: Annotated[
        int, typer.Option("--heldout", min=0, max=500, metavar="K", help="Held-out views a person.")
    ] = 8,
    size: Annotated[
        int | None,
        typer.Option(
            "--size",
            min=16,
            max=2048,
            metavar="PX",
            help="Side of a picture: 96; of a photograph 512.",
        ),
    ] = None,
    source: Annotated[
        tuple[str, Path] | None,
        typer.Option(
            "--from",
            metavar="FORMAT PATH",
            help=f"Import people: {', '.join(IMPORTERS.names())}. All of them and their views, "
            "unless -n, --views, --heldout or --size says less.",
        ),
    ] = None,
    lone_view: Annotated[
        Literal["both", "train"],
        typer.Option("--lone-view", help="With --from: the splits of a person's single view."),
    ] = "both",
    renderer: Annotated[
        str,
        typer.Option(
            "--renderer", metavar="NAME", help=f"Who draws: {' or '.join(RENDERERS.names())}."
        ),
    ] = "avatar",
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="ID", help="For --renderer diffusers: folder or hub id."),
    ] = None,
    identity: Annotated[
        str,
        typer.Option(
            "--identity", metavar="WAY", help=f"Keep a face: auto, {', '.join(IDENTITIES.names())}."
        ),
    ] = "auto",
    ip_adapter: Annotated[
        str | None,
        typer.Option("--ip-adapter", metavar="REPO:FILE", help="For --identity ip-adapter."),
    ] = None,
    negative: Annotated[
        str | None,
        typer.Option("--negative", metavar="TEXT", help="What a picture must not show."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, metavar="N", help="Denoising steps a picture.")
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option("--guidance", min=0.0, metavar="X", help="How much the prompt counts."),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, metavar="N", help="Photographs drawn at once.")
    ] = 4,
    faces: Annotated[
        bool, typer.Option("--faces", help="Draw a view again where OpenCV sees no face.")
    ] = False,
    describe: Annotated[
        str | None,
        typer.Option(
            "--describe", metavar="NAME", help="A vision-language model writes the descriptions."
        ),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="PNG", help="Also draw a contact sheet.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, metavar="N", help="As many as cores if absent."),
    ] = None,
    device: DeviceOption = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Make people who do not exist, or import some: names, looks, facts, pictures, descriptions.

    Writes a `persona` row each. Descriptions never hold the name. Held-out views of people who are
    made use words, expressions and backgrounds that none of their training views uses.
    """
    say.quiet = quiet
    spoken = given(ctx)
    _check(spoken, renderer, identity)
    if source is not None:
        from xmm_cli.personas.importing.dataset import ImportRequest, read_source

        found = read_source(IMPORTERS.check(source[0]), source[1])
        asked = ImportRequest(
            format=source[0],
            fingerprint=found.fingerprint(),
            people=people if "people" in spoken else None,
            aux=aux,
            views=views if "views" in spoken else None,
            heldout=heldout if "heldout" in spoken else None,
            size=size,
            lone=lone_view,
            seed=seed,
            describe=describe or msgspec.UNSET,
        )
        make(Import(asked, found, out), device, sheet)
        return
    from xmm_cli.personas.rendering.diffusion import NEGATIVE, Diffusion
    from xmm_cli.personas.request import Request

    painted = RENDERERS.check(renderer) in PAINTERS
    drawing = Diffusion(
        model=model or "",
        identity=identity,
        ip_adapter=ip_adapter,
        negative=NEGATIVE if negative is None else negative,
        steps=steps,
        guidance=guidance,
        batch_size=batch_size,
        faces=faces,
    )
    request = Request(
        people=people,
        aux=aux,
        views=views,
        heldout=heldout,
        size=size or SIZE[renderer],
        renderer=renderer,
        seed=seed,
        diffusion=drawing if painted else msgspec.UNSET,
        describe=describe or msgspec.UNSET,
    )
    make(Drawing(request, out, processes or usable_cores(), device), device, sheet)


_OF_PAINTERS = {
    "model",
    "identity",
    "ip_adapter",
    "negative",
    "steps",
    "guidance",
    "batch_size",
    "faces",
}


def _check(spoken: set[str], renderer: str, identity: str) -> None:
    """Refuse options that do not go together."""
    painted = renderer in PAINTERS
    if "source" in spoken:
        unused = spoken & {"renderer", "processes", *_OF_PAINTERS}
        refuse(unused, "with --from", "imported pictures are not drawn")
    else:
        unused = spoken & {"lone_view"}
        refuse(unused, "without --from", "whoever is made has as many as asked for")
    if painted and "model" not in spoken:
        raise WrongUsage(f"--renderer {renderer} without --model", "name a text-to-image pipeline")
    unused = spoken & ({"processes"} if painted else _OF_PAINTERS)
    how = "one process draws" if painted else "it draws by rules"
    refuse(unused, f"with --renderer {renderer}", how)
    if identity != "ip-adapter":
        refuse(spoken & {"ip_adapter"}, "without --identity ip-adapter", "no other way takes it")
    if not painted and "describe" not in spoken:
        refuse(spoken & {"device"}, "without --renderer diffusers or --describe", "no model runs")
