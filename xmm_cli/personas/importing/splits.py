"""Folders that are called as `datasets` or xmm calls splits; validation and test are held out.

https://huggingface.co/docs/datasets/repository_structure
"""

from xmm_cli.rows.types import Split

_FOLDERS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "dev", "val"), "heldout"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "heldout"),
    **dict.fromkeys(("heldout", "held-out", "held_out", "holdout", "hold-out"), "heldout"),
}


def split_of(folder: str) -> Split | None:
    """The split that a folder of this name holds, or None. `Dev` and `Val` are names of people."""
    return _FOLDERS.get(folder if folder in ("Dev", "Val") else folder.lower())
