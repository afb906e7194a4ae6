"""The views of one persona: pictures and descriptions, no two alike.

A view's random stream hangs on the persona, the split and the number within the split alone: more
training views leave the held-out ones as they are.
"""

import io
import random
from pathlib import Path

from xmm_cli.personas.describing import OMIT, describe, leave_out
from xmm_cli.personas.plan import Plan
from xmm_cli.personas.rendering import drawn_by
from xmm_cli.personas.sampling import Identity
from xmm_cli.rows.files import atomic_folder
from xmm_cli.rows.types import TextView

_TRIES = 1000


def image_path(identity: Identity, view: int) -> str:
    """Where a picture lies in the data set's folder."""
    return f"images/{identity.id}/{view:02d}.png"


def write_texts(identity: Identity, plan: Plan) -> tuple[TextView, ...]:
    """A description per view, each different."""
    seen: set[str] = set()
    views = []
    for view, split, index in plan.numbered():
        for attempt in range(_TRIES):
            rng = random.Random(f"{identity.id}: {split} text {index}: {attempt}")
            text = describe(leave_out(identity.attributes, rng, OMIT), split, rng)
            if text not in seen:
                break
        seen.add(text)
        views.append(TextView(text=text, view=view, split=split))
    return tuple(views)


def draw_images(identity: Identity, plan: Plan, folder: Path) -> int:
    """Draw the pictures that are missing into `folder`; returns how many were drawn.

    Raises `CannotWrite`.
    """
    if all((folder / image_path(identity, view)).exists() for view, _, _ in plan.numbered()):
        return 0
    draw = drawn_by(plan.renderer)
    seen: set[bytes] = set()
    files: dict[str, bytes] = {}
    for view, split, index in plan.numbered():
        for attempt in range(_TRIES):
            rng = random.Random(f"{identity.id}: {split} image {index}: {attempt}")
            buffer = io.BytesIO()
            draw(identity.attributes, split, rng, plan.size).save(buffer, "PNG")
            if buffer.getvalue() not in seen:
                break
        seen.add(buffer.getvalue())
        files[Path(image_path(identity, view)).name] = buffer.getvalue()
    # all of a person's at once: a disk is slow to say that it has written, whatever the amount
    with atomic_folder(folder / "images" / identity.id, replace=True) as draft:
        for name, picture in files.items():
            (draft / name).write_bytes(picture)
    return len(seen)
