"""Words for splits, as `datasets` and xmm call them; validation and test are held out.

https://huggingface.co/docs/datasets/repository_structure
"""

import re
from pathlib import Path

from xmm_cli.rows.types import Split

SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "dev", "val"), "heldout"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "heldout"),
    **dict.fromkeys(("heldout", "held-out", "held_out", "holdout", "hold-out"), "heldout"),
}

_FIRST_WORD = re.compile(rf"({'|'.join(SPLITS)})(?![^\W\d_])", re.IGNORECASE)
"""Of the name of a file; what follows is no letter: `test_0`, `train-00000-of-00002`."""


def split_of(folder: str) -> Split | None:
    """The split that a folder of this name holds, or None. `Dev` and `Val` are names of people."""
    return SPLITS.get(folder if folder in ("Dev", "Val") else folder.casefold())


def split_in(place: Path, *, by_name: bool = False) -> Split | None:
    """What the folders tell of a file at this place in a source; with `by_name`, else its name."""
    found = next((split for part in place.parts[:-1] if (split := split_of(part))), None)
    if found or not by_name:
        return found
    word = _FIRST_WORD.match(place.name)
    return SPLITS[word[0].casefold()] if word else None
