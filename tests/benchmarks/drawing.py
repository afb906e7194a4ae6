"""Drawing people: two processes beside one, and beside the encoding of the finished pictures."""

import hashlib
import io
import shutil
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image

from tests.benchmarks.race import Way, ratio, run
from tests.benchmarks.row import Figure, Row
from xmm_cli.personas.dataset import claim_folder, make_personas
from xmm_cli.personas.rendering import avatar_layers
from xmm_cli.personas.request import Request

HERE = "tests.benchmarks.drawing"
REQUEST = Request(seed=3)
"""As large as the command makes it by default."""
PICTURES = REQUEST.people * (REQUEST.views + REQUEST.heldout)


def row(folder: Path) -> Row:
    """On two cores."""
    ways = {
        "two": Way(f"{HERE}:draw", {"folder": str(folder / "two"), "processes": 2}),
        "one": Way(f"{HERE}:draw", {"folder": str(folder / "one"), "processes": 1}),
        "png": Way(f"{HERE}:encode", {"folder": str(folder / "png")}),
    }
    laps = run(ways, rounds=2)
    two, one, png = (laps[name] for name in ways)
    if two.result != one.result:
        raise RuntimeError("the pictures differ")
    return Row(
        "gen-personas, 2 processes",
        f"{PICTURES / min(two.wall_s):.0f} pictures/s",
        f"{PICTURES / min(one.wall_s):.0f} pictures/s",
        (
            Figure("faster", ratio(one.wall_s, two.wall_s), "≥", 1.8),
            Figure("of the rate of PNG encoding", ratio(png.cpu_s, two.cpu_s), "≥", 0.6),
        ),
        f"{PICTURES} files, byte by byte",
        (f"CPU time of two processes beside one {ratio(two.cpu_s, one.cpu_s)}",),
    )


def draw(folder: str, processes: int) -> Any:
    """A data set's pictures, in a new folder each time; a digest of them all."""
    numbers = count()

    def work() -> str:
        avatar_layers._kept.clear()  # as a fresh process knows none
        place = Path(folder) / str(next(numbers))
        claim_folder(REQUEST, place)
        for _ in make_personas(REQUEST, place, run="benchmark", processes=processes):
            pass
        digest = hashlib.sha256()
        for path in sorted(place.rglob("*.png")):
            digest.update(path.read_bytes())
        shutil.rmtree(place)
        return digest.hexdigest()

    return work


def encode(folder: str) -> Any:
    """The same pictures, drawn before, encoded in memory."""
    claim_folder(REQUEST, Path(folder))
    for _ in make_personas(REQUEST, Path(folder), run="benchmark", processes=1):
        pass
    pictures = []
    for path in sorted(Path(folder).rglob("*.png")):
        with Image.open(path) as picture:
            pictures.append(picture.convert("RGB"))

    def work() -> None:
        for picture in pictures:
            picture.save(io.BytesIO(), "PNG")

    return work
