"""A data set's folder: made in parallel, gone on with after an interruption, never half a row.

`request.json` is written first and says what the folder is for; a person's pictures appear all
together; the files of rows come last.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from multiprocessing.pool import Pool
from pathlib import Path

import msgspec

from xmm_cli.errors import WrongUsage
from xmm_cli.personas.cores import leave_signals, started_by, uninterrupted
from xmm_cli.personas.croissant import croissant, of_drawn
from xmm_cli.personas.data_card import data_card
from xmm_cli.personas.fingerprint import fingerprint, without_paths
from xmm_cli.personas.importing.imported import ImportRequest
from xmm_cli.personas.persona_views import draw_images, image_path, write_texts
from xmm_cli.personas.plan import Plan
from xmm_cli.personas.rendering import RENDERERS, Painter
from xmm_cli.personas.request import Request
from xmm_cli.personas.sampling import Identity, sample_identities
from xmm_cli.rows.files import atomic_write_bytes, ensure_folder, is_draft
from xmm_cli.rows.types import ImageView, Persona
from xmm_cli.rows.writer import encode

REQUEST = "request.json"


def claim_folder(request: Request | ImportRequest, folder: Path) -> bool:
    """Make `folder` the place of this request; true if an earlier run began it.

    Models in folders are known by their weights, and may have been moved since.

    Raises:
        WrongUsage: it holds another request, or something else, or there is no room for so many
            people.
        CannotWrite: it cannot be written.
    """
    if isinstance(request, Request):
        RENDERERS.check(request.renderer)
    path = folder / REQUEST
    if path.is_file():
        begun = path.read_bytes()
        difference = _difference(begun, request)
        if difference is not None:
            raise WrongUsage(f"{folder}: holds another data set ({difference})", _MEND)
        if begun != _encode(request):
            atomic_write_bytes(path, _encode(request))
        return True
    if folder.is_dir() and not all(is_draft(one) for one in folder.iterdir()):
        raise WrongUsage(f"{folder}: is not empty and holds no data set of xmm", _MEND)
    if isinstance(request, Request):  # before anything is left there
        sample_identities(request.people, request.aux, request.seed)
    ensure_folder(folder)
    atomic_write_bytes(path, _encode(request))
    return False


def release_folder(folder: Path) -> None:
    """Take back the claim to a folder in which nothing was made."""
    (folder / REQUEST).unlink(missing_ok=True)
    with suppress(OSError):  # there is something else in it
        folder.rmdir()


_MEND = "choose another --out, or remove the folder"


def _encode(request: Request | ImportRequest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(request), indent=2) + b"\n"


def _difference(found: bytes, request: Request | ImportRequest) -> str | None:
    """What differs between the request of a folder and this one; None where nothing does."""
    try:
        there = msgspec.json.decode(found, type=dict[str, object])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return f"its {REQUEST} cannot be read"
    here = msgspec.json.decode(_encode(request), type=dict[str, object])
    there, here = without_paths(there), without_paths(here)
    if there == here:
        return None
    differing = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    told = [f"{name} {there.get(name)}, not {here.get(name)}" for name in differing]
    return ", ".join(told)


def make_personas(
    request: Request, folder: Path, *, run: str, processes: int, painter: Painter | None = None
) -> Iterator[Persona]:
    """Each persona's row, as soon as its pictures are drawn; paths count from `folder`.

    The same request gives the same bytes whatever the number of processes. A `painter` draws
    all pictures of a person at once, in this process.
    Raises `WrongUsage` where there is no room for so many people, `CannotWrite`.
    """
    identities = sample_identities(request.people, request.aux, request.seed)
    plan = request.plan()
    dataset = fingerprint(request)
    for identity in identities:
        ensure_folder(folder / "images" / identity.id)
    work = [(identity, plan, folder) for identity in identities]
    if painter is not None:
        for identity in identities:
            painter.paint(identity, plan, folder)
            yield _row(identity, plan, run, dataset)
        return
    pool = None if processes == 1 else _pool(min(processes, len(work)))
    if pool is None:
        for item in work:
            draw_images(*item)
            yield _row(item[0], plan, run, dataset)
        return
    with pool:
        for identity, _ in zip(identities, pool.imap(_draw, work), strict=True):
            yield _row(identity, plan, run, dataset)


def _pool(processes: int) -> Pool | None:
    """Processes that draw; None where the system has no semaphores to share (no /dev/shm)."""
    try:
        with uninterrupted():
            return started_by().Pool(processes, leave_signals)
    except OSError:
        return None


def _draw(work: tuple[Identity, Plan, Path]) -> int:
    return draw_images(*work)


def _row(identity: Identity, plan: Plan, run: str, dataset: str) -> Persona:
    images = tuple(
        ImageView(path=image_path(identity, view), view=view, split=split)
        for view, split, _ in plan.numbered()
    )
    return Persona(
        run=run,
        id=identity.id,
        dataset=dataset,
        name=identity.name,
        role=identity.role,
        attributes=identity.attributes,
        facts=identity.facts,
        images=images,
        texts=write_texts(identity, plan),
    )


def write_tables(personas: list[Persona], request: Request, folder: Path) -> None:
    """`personas.jsonl`, `metadata.jsonl` for Hugging Face's imagefolder, the data card, Croissant.

    Raises `CannotWrite`.
    """
    write_files(personas, data_card(personas, request), of_drawn(request), folder)


def write_files(
    personas: list[Persona], card: str, about: Mapping[str, object], folder: Path
) -> None:
    """The same with this card, and this at the head of `croissant.json`.

    A picture's text is a description of the same split, if any.
    """
    files = {
        "personas.jsonl": list(map(encode, personas)),
        "metadata.jsonl": [line for persona in personas for line in _metadata(persona)],
    }
    described = croissant(about, personas, files)
    atomic_write_bytes(folder / "metadata.jsonl", b"".join(files["metadata.jsonl"]))
    atomic_write_bytes(folder / "README.md", card.encode())
    atomic_write_bytes(folder / "croissant.json", described)
    atomic_write_bytes(folder / "personas.jsonl", b"".join(files["personas.jsonl"]))


def _metadata(persona: Persona) -> Iterator[bytes]:
    for split in ("train", "heldout"):
        images = [view for view in persona.images if view.split == split]
        texts = [view.text for view in persona.texts if view.split == split]
        for place, image in enumerate(images):
            entry = {
                "file_name": image.path,
                "persona": persona.id,
                "name": persona.name,
                "role": persona.role,
                "view": image.view,
                "split": image.split,
                "text": texts[place % len(texts)] if texts else None,
            }
            yield msgspec.json.encode(entry) + b"\n"
