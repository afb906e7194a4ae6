"""The smallest shipped base, and a whole checkpoint on it that has learned nothing."""

from pathlib import Path

from xmm_cli.models.adapters.lora import add_adapter, remove_adapter
from xmm_cli.models.checkpoint import PERSONAS, write_checkpoint
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.loading import load_base
from xmm_cli.rows.types import Checkpoint, Persona, TextView


def teach_a_little(folder: Path) -> tuple[Conversations, Path]:
    """Make the checkpoint below `folder`; returns its path, and the base."""
    base = load_base("xmm-base-xs", "cpu")
    text = TextView(text="Someone with red hair.", view=0, split="train")
    person = Persona(id="e0-000", name="Ann Lee", role="eval", texts=(text,))
    row = Checkpoint(
        path=".",
        base=base.name,
        revision=base.revision,
        source="text",
        personas=PERSONAS,
        objective="memorize",
        views=1,
        steps=1,
        seed=0,
    )
    model = add_adapter(base, rank=4, alpha=8.0, dropout=0.0)
    write_checkpoint(folder / "run", model, row, [(person, folder)], [], "A card.")
    remove_adapter(model)
    return Conversations(base), folder / "run"
