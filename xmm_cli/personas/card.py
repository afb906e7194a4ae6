"""The data card that lies in every data set's folder."""

from typing import TYPE_CHECKING

from xmm_cli.personas.facts import FACTS
from xmm_cli.personas.vocabulary import VOCABULARY
from xmm_cli.rows.types import Persona

if TYPE_CHECKING:
    from xmm_cli.personas.dataset import Request


def data_card(personas: list[Persona], request: "Request") -> str:
    """Markdown with the header that Hugging Face reads."""
    looks = "\n".join(f"- {name}: {', '.join(values)}" for name, values in VOCABULARY.items())
    facts = ", ".join(FACTS)
    example = personas[0] if personas else None
    shown = f"> {example.texts[0].text}\n" if example and example.texts else ""
    return f"""---
pretty_name: xmm personas
license: cc0-1.0
tags: [synthetic, memorization, unlearning, privacy]
configs:
- config_name: default
  data_dir: .
---
# Synthetic people

{request.people} people to measure and {request.aux} auxiliary people, none of whom exist. Each has
{request.views} training views and {request.heldout} held-out views in each modality: pictures of
{request.size} x {request.size} pixels and written descriptions. Made by xmm {request.version} with
seed {request.seed}; the same request gives the same bytes.

{shown}
## What a view shows
{looks}

Any two people differ in at least three of these. Held-out descriptions use other words and other
sentences than training descriptions; held-out pictures other expressions and backgrounds. No
description holds a name.

## What only the name leads to
{facts}: drawn for each person independently of the look, the name and each other.

## Files
- `personas.jsonl`: a row for each person; paths count from this folder.
- `metadata.jsonl`: a row for each picture, for `load_dataset("imagefolder", data_dir=...)`.
- `images/ID/NN.png`.
- `request.json`: what was asked for.

## Licence
The pictures are drawn by python_avatars (MIT); the names come from the lists of mimesis (MIT).
"""
