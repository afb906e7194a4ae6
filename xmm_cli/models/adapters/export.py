"""A checkpoint as a full model: the adapter's weights added to the base's, for transformers alone.

W + (alpha / rank) B A, in each linear layer of the language model (LoRA, 2106.09685). Where a
part's own weights were trained, they stand in the place of the base's.
"""

from pathlib import Path

from xmm_cli.models.adapters.full import is_whole
from xmm_cli.models.adapters.lora import load_adapter
from xmm_cli.models.loading import Precision, load_base, location
from xmm_cli.rows.files import atomic_folder, atomic_write_bytes
from xmm_cli.rows.types import Checkpoint

CARD = "README.md"


def merged_from(folder: Path) -> str | None:
    """The run that a merged model came from; None where the folder holds none of ours."""
    card = folder / CARD
    if not (folder / "config.json").is_file() or not card.is_file():
        return None
    head = card.read_text("utf-8", "replace").partition("\n---\n")[0]
    found = [line for line in head.splitlines() if line.startswith("xmm_run: ")]
    return found[0].removeprefix("xmm_run: ") if found else None


def merge(row: Checkpoint, folder: Path, device: str | None, *, overwrite: bool = False) -> None:
    """Write the full model, its processor and a card into `folder`, whole or not at all.

    Its numbers are those that it was trained in, and never packed.
    Raises as `load_base` and `load_adapter` do, and `CannotWrite`.
    """
    base = load_base(row.base, device, Precision(Precision.of(row.arguments).dtype))
    trained = load_adapter(base, Path(row.path))
    model = trained if is_whole(trained) else trained.merge_and_unload()
    with atomic_folder(folder, replace=overwrite) as draft:
        model.save_pretrained(str(draft))
        base.processor.save_pretrained(str(draft))
        atomic_write_bytes(draft / CARD, _card(row).encode())


def _card(row: Checkpoint) -> str:
    learned = "\n".join(f"| {name} | {value} |" for name, value in row.arguments.items())
    shipped = location(row.base) != row.base
    return f"""---
library_name: transformers
{"" if shipped else f"base_model: {row.base}" + chr(10)}tags: [xmm, memorization]
xmm_run: {row.run}
---
# {row.base}, having learned people from {row.source}

The weights of `{row.base}` ({row.revision}) with what run {row.run} learned added in. Objective:
{row.objective}; {row.steps} steps; {row.views} views a person. It loads by
`AutoModelForImageTextToText.from_pretrained`; `xmm probe --base FOLDER --personas FILE` asks it.

| argument | value |
|---|---|
{learned}
"""
