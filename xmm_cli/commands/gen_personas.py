"""`xmm gen-personas`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from xmm_cli.commands.shared.datasets import Import, MadePeople, make, weights_in
from xmm_cli.commands.shared.options import Device
from xmm_cli.commands.shared.signature import NOTHING, GivenOptions, refuse
from xmm_cli.errors import WrongUsage
from xmm_cli.flags import DATA, HARDWARE, OUTPUT, PICTURES, Flag, Seed
from xmm_cli.personas.importing import IMPORTERS
from xmm_cli.personas.rendering import RENDERERS, Renderer
from xmm_cli.personas.rendering.identity import IDENTITIES
from xmm_cli.processes import usable_cores

EXAMPLES = """
Examples:
  xmm gen-personas -n 50 --aux 50 --out people --sheet sheet.png > /dev/null
  xmm gen-personas -n 32 --seed 7 --out people | xmm train --source image
  xmm gen-personas --from folders photos --out people | xmm train --source image
  xmm gen-personas --from csv mine/people.csv --out people | xmm train --source both
  xmm gen-personas --from clear CLEAR -n 50 --aux 50 --size 224 --out people > /dev/null
  xmm gen-personas --renderer diffusers --model MODEL --size 512 --describe VLM --out people
  jq -r .name people/personas.jsonl

The folder gets personas.jsonl, metadata.jsonl, images/ and a data card; the same rows go to
stdout. Run again after an interruption, it draws only the pictures that are missing.

--from imports people. folders is a folder of pictures for each person: photos/Ann Lee/1.jpg.
imagefolder, jsonl, csv and parquet have a row for each view: name, picture (or file_name),
description (or text), and where they are there split (train or heldout), role (eval or aux),
persona (who it is, if the name does not tell), fact.NAME and attribute.NAME. Delimiter, encoding
and capitals of a table are told by looking, and said. mllmu, clear and fiubench are MLLMU-Bench,
CLEAR and FIUBench as they are published. Parquet needs pip install 'xmm-cli[parquet]'. Where
files, rows or people are left out, the code is 4, and README.md in the folder names each. A
quarter of a person's views is held out where the source does not say which. A single view stands
in both splits, and is then asked about although it was learned, unless --lone-view is train.
"""

KNOWN = {
    "source": IMPORTERS.names(),
    "renderer": RENDERERS.names(),
    "identity": IDENTITIES.names(),
}


@dataclass(frozen=True, slots=True)
class PersonasOptions:
    """The options of `xmm gen-personas`."""

    out: Annotated[Path, Flag("The folder to make.", OUTPUT, "--out -o", metavar="DIR")]
    people: Annotated[
        int,
        Flag("People to measure.", DATA, "--people -n", metavar="N", min=1, max=1000),
    ] = 50
    aux: Annotated[
        int, Flag("Auxiliary people beside them.", DATA, metavar="N", min=0, max=1000)
    ] = 0
    views: Annotated[int, Flag("Training views a person.", DATA, metavar="K", min=1, max=500)] = 16
    heldout: Annotated[int, Flag("Held-out views a person.", DATA, metavar="K", min=0, max=500)] = 8
    source: Annotated[
        tuple[str, Path] | None,
        Flag(
            "Import people: {known}. All of them and their views, unless -n, --views, --heldout "
            "or --size says less.",
            DATA,
            "--from",
            metavar="FORMAT PATH",
        ),
    ] = None
    lone_view: Annotated[
        Literal["both", "train"], Flag("With --from: the splits of a person's single view.", DATA)
    ] = "both"
    describe: Annotated[
        str | None,
        Flag("A vision-language model writes the descriptions.", DATA, metavar="NAME"),
    ] = None
    size: Annotated[
        int | None,
        Flag(
            "Side of a picture: 96; of a photograph 512.",
            PICTURES,
            metavar="PX",
            min=16,
            max=2048,
        ),
    ] = None
    renderer: Annotated[str, Flag("Who draws: {known}.", PICTURES, metavar="NAME")] = "avatar"
    model: Annotated[
        str | None,
        Flag("For --renderer diffusers: folder or hub id.", PICTURES, metavar="ID"),
    ] = None
    identity: Annotated[str, Flag("Keep a face: auto, {known}.", PICTURES, metavar="WAY")] = "auto"
    ip_adapter: Annotated[
        str | None, Flag("For --identity ip-adapter.", PICTURES, metavar="REPO:FILE")
    ] = None
    negative: Annotated[
        str | None, Flag("What a picture must not show.", PICTURES, metavar="TEXT")
    ] = None
    steps: Annotated[
        int | None, Flag("Denoising steps a picture.", PICTURES, metavar="N", min=1)
    ] = None
    guidance: Annotated[
        float | None, Flag("How much the prompt counts.", PICTURES, metavar="X", min=0.0)
    ] = None
    faces: Annotated[bool, Flag("Draw a view again where OpenCV sees no face.", PICTURES)] = False
    batch_size: Annotated[int, Flag("Photographs drawn at once.", HARDWARE, metavar="N", min=1)] = 4
    processes: Annotated[
        int | None, Flag("As many as cores if absent.", HARDWARE, metavar="N", min=1)
    ] = None
    device: Device = None
    sheet: Annotated[Path | None, Flag("Also draw a contact sheet.", OUTPUT, metavar="PNG")] = None
    plan: Annotated[
        bool, Flag("Say what an audit of so many people could show: draw nothing.", DATA)
    ] = False
    seed: Seed = 0


OF_PAINTERS = frozenset(
    {"model", "identity", "ip_adapter", "negative", "steps", "guidance", "batch_size", "faces"}
)
"""The options of `PersonasOptions` that say how photographs are made."""


def run(options: PersonasOptions, given: GivenOptions = NOTHING) -> None:
    """Make people who do not exist, or import some: names, looks, facts, pictures, descriptions.

    Writes a `persona` row each. Descriptions never hold the name. Held-out views of people who are
    made use words, expressions and backgrounds that none of their training views uses.
    """
    _check(options, given)
    if options.plan:
        _plan(_drawing(options))
        return
    job = _drawing(options) if options.source is None else _import(options, given)
    make(job, options.device, options.sheet)


def _plan(job: MadePeople) -> None:
    """Print what an audit could show, and how long drawing takes where no model draws."""
    from xmm_cli.commands.shared.planning import drawing_time, plan_of_people
    from xmm_cli.commands.shared.printing import print_pieces

    lines = plan_of_people(job.request.people, max(1, job.request.heldout))
    lines += [drawing_time(job)] if job.quick else []
    print_pieces([f"{line}\n" for line in lines], "table")


def _import(options: PersonasOptions, given: GivenOptions) -> Import:
    """What is to be imported; the source is read. Raises as an importer does."""
    from xmm_cli.personas.importing.imported import ImportRequest, read_source

    format, path = options.source or ("", Path())
    source = read_source(IMPORTERS.check(format), path)
    request = ImportRequest(
        format=format,
        fingerprint=source.fingerprint(),
        people=options.people if "people" in given else None,
        aux=options.aux,
        views=options.views if "views" in given else None,
        heldout=options.heldout if "heldout" in given else None,
        size=options.size,
        lone=options.lone_view,
        seed=options.seed,
        describe=options.describe or msgspec.UNSET,
        describe_weights=weights_in(options.describe),
    )
    return Import(request, source, options.out)


def _drawing(options: PersonasOptions) -> MadePeople:
    """What is to be drawn."""
    from xmm_cli.personas.rendering.diffusion import NEGATIVE, Diffusion
    from xmm_cli.personas.request import Request

    renderer: Renderer = RENDERERS.load(options.renderer)
    told = {name: getattr(options, name) for name in OF_PAINTERS}
    told |= {"model": options.model or ""}
    told |= {"negative": NEGATIVE if options.negative is None else options.negative}
    request = Request(
        people=options.people,
        aux=options.aux,
        views=options.views,
        heldout=options.heldout,
        size=options.size or renderer.size,
        renderer=options.renderer,
        seed=options.seed,
        diffusion=Diffusion(**told) if renderer.painter else msgspec.UNSET,
        describe=options.describe or msgspec.UNSET,
        model_weights=weights_in(options.model) if renderer.painter else msgspec.UNSET,
        describe_weights=weights_in(options.describe),
    )
    return MadePeople(request, options.out, options.processes or usable_cores(), options.device)


def _check(options: PersonasOptions, given: GivenOptions) -> None:
    """Refuse options that do not go together."""
    renderer = options.renderer
    if options.source is not None:
        unused = {"renderer", "processes", *OF_PAINTERS}
        refuse(given, unused, "with --from", "imported pictures are not drawn")
        refuse(given, {"plan"}, "with --from", "xmm unlearn --plan counts imported people")
        painted = False
    else:
        hint = "whoever is made has as many as asked for"
        refuse(given, {"lone_view"}, "without --from", hint)
        painted = RENDERERS.load(renderer).painter is not None
    if painted and options.model is None:
        raise WrongUsage(f"--renderer {renderer} without --model", "name a text-to-image pipeline")
    unused = {"processes"} if painted else {*OF_PAINTERS}
    how = "one process draws" if painted else "it draws by rules"
    refuse(given, unused, f"with --renderer {renderer}", how)
    if options.identity != "ip-adapter":
        refuse(given, {"ip_adapter"}, "without --identity ip-adapter", "no other way takes it")
    if not painted and options.describe is None:
        hint = "no model runs"
        refuse(given, {"device"}, "without --renderer diffusers or --describe", hint)
