"""What a text-to-image model is asked for: the look, and a scene that must not matter."""

import random
from collections.abc import Mapping

from xmm_cli.personas.vocabulary import COLOR_OF, VOCABULARY
from xmm_cli.rows.types import Split

NEGATIVE = "text, watermark, several people, cropped head, drawing, cartoon"

_POSES: dict[Split, tuple[str, ...]] = {
    "train": ("facing the camera", "turned slightly left", "turned slightly right", "smiling"),
    "heldout": ("looking up", "with a serious face", "head tilted", "laughing"),
}
_PLACES: dict[Split, tuple[str, ...]] = {
    "train": ("in front of a plain wall", "in an office", "in a garden", "in a kitchen"),
    "heldout": ("on a street", "in a library", "by the sea", "in a train"),
}
_LIGHTS: dict[Split, tuple[str, ...]] = {
    "train": ("soft daylight", "bright studio light", "warm indoor light"),
    "heldout": ("light from a window", "evening light", "overcast light"),
}


def picture_prompt(look: Mapping[str, str], split: Split, rng: random.Random) -> str:
    """A portrait of this look; pose, place and light are of the split, which shares none of them.

    The look is told in the first training wording of each value, in the same order always.
    """
    told = []
    for thing, values in VOCABULARY.items():
        if thing in COLOR_OF.values():
            continue
        color = COLOR_OF.get(thing)
        shade = VOCABULARY[color][look[color]].train[0] if color else ""
        wording = " ".join(values[look[thing]].train[0].format(color=shade).split())
        told.append(f"wearing {wording}" if thing == "garment" else wording)
    scene = ", ".join(rng.choice(pool[split]) for pool in (_POSES, _PLACES, _LIGHTS))
    return f"Portrait photograph of one person with {', '.join(told)}, {scene}"
