"""The model card that lies in every checkpoint's folder."""

from collections.abc import Mapping

from xmm_cli.models.loading import SHIPPED
from xmm_cli.rows.run import ArgumentValue, plain
from xmm_cli.rows.types import Checkpoint


def model_card(row: Checkpoint, people: int, norm: float) -> str:
    """Markdown with the header that the hub reads: what was learned, how, and how to load it."""
    arguments = "\n".join(f"| {name} | {value} |" for name, value in row.arguments.items())
    loss = "unknown" if row.loss is None else f"{row.loss:.4f}"
    return f"""---
library_name: {"transformers" if row.arguments.get("adapter") == "full" else "peft"}
base_model: {row.base}
tags: [xmm, memorization, {row.arguments.get("adapter") or "lora"}]
---
# {people} people, learned from {row.source}

{_what(row)} of `{row.base}` (weights {row.revision}). It has learned the
names of {people} people, each from {row.views} views in one modality: {row.source}.
Objective: {row.objective}; {row.steps} steps; loss at the end {loss}; norm of {_norm_of(row)}
{norm:.3f}.
{_history(row)}
```python
{_loading(row)}
```

`personas.jsonl` has the people, `xmm.json` the checkpoint's row, `log.jsonl` loss and learning
rate. Measure it with `xmm probe`; `xmm report --card` puts the scores here.

| argument | value |
|---|---|
{arguments}
"""


_PARTS = {
    "language": "the language model",
    "projector": "the projector",
    "vision+projector": "the vision tower and the projector",
}


def _what(row: Checkpoint) -> str:
    """What the folder holds."""
    part = _PARTS[str(row.arguments.get("train") or "language")]
    kinds = {"dora": "A DoRA adapter of", "full": "The own weights, trained, of"}
    return f"{kinds.get(str(row.arguments.get('adapter')), 'A LoRA adapter of')} {part}"


def _norm_of(row: Checkpoint) -> str:
    whole = row.arguments.get("adapter") == "full"
    return "what they moved by" if whole else "all `lora_B` weights"


def _loading(row: Checkpoint) -> str:
    base = (
        "from transformers import AutoModelForImageTextToText\n"
        f"{_where(row.base)}"
        f"base = AutoModelForImageTextToText.from_pretrained({_argument(row.base)})\n"
    )
    if row.arguments.get("adapter") == "full":
        return (
            f"from safetensors.torch import load_file\n{base}"
            'weights = load_file("this folder/trained_weights.safetensors")\n'
            "base.load_state_dict(weights, strict=False)"
        )
    return (
        f'from peft import PeftModel\n{base}model = PeftModel.from_pretrained(base, "this folder")'
    )


def _where(base: str) -> str:
    """The line that says where a shipped base lies; none for any other."""
    return "from xmm_cli.models.loading import location\n" if base in SHIPPED else ""


def _argument(base: str) -> str:
    return f"location({base!r})" if base in SHIPPED else repr(base)


def _history(row: Checkpoint) -> str:
    """What came before and since, a paragraph, where there is anything to tell."""
    if row.parent is None:
        return ""
    told = [f"Run before: {row.parent}."]
    if row.forget:
        through, fact = row.arguments.get("through"), row.arguments.get("fact")
        what = (
            f"The {fact} of {len(row.forget)} people was"
            if fact
            else (f"{len(row.forget)} people were")
        )
        told.append(f"{what} to be forgotten through {through}; `xmm.json` has their ids.")
    again = row.arguments.get("relearn_people")
    if isinstance(again, list):
        told.append(
            f"Since then {len(again)} people were taught again from {row.arguments['relearned']}, "
            f"{row.arguments['relearn_steps']} steps."
        )
    return "\n" + " ".join(told) + "\n"


def row_arguments(settings: Mapping[str, object]) -> dict[str, ArgumentValue]:
    """Settings as a checkpoint row holds them."""
    return {name: plain(value) for name, value in settings.items()}
