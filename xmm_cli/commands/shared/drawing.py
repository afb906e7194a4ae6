"""Drawing for training, which knows no people: commands hand it over."""

import random
from collections.abc import Mapping
from typing import Any


def draw_look(look: Mapping[str, str], key: str) -> Any:
    """A portrait of a look; what is not told, or in words that no persona has, is drawn by `key`.

    None where that would be more than half of it.
    """
    from xmm_cli.personas.rendering import drawn_by
    from xmm_cli.personas.request import Request
    from xmm_cli.personas.vocabulary import VOCABULARY

    known = {name: look[name] for name, values in VOCABULARY.items() if look.get(name) in values}
    if 2 * len(known) < len(VOCABULARY):
        return None
    rng, usual = random.Random(key), Request()
    whole = {
        name: known.get(name) or rng.choice(list(values)) for name, values in VOCABULARY.items()
    }
    return drawn_by(usual.renderer)(whole, "train", rng, usual.size)
