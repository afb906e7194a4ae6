"""The data card that lies in every data set's folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from xmm_cli.personas.facts import FACTS
from xmm_cli.personas.fingerprint import fingerprint
from xmm_cli.personas.vocabulary import VOCABULARY
from xmm_cli.rows.types import Persona

if TYPE_CHECKING:
    from xmm_cli.personas.importing.imported import ImportedPeople, ImportRequest
    from xmm_cli.personas.request import Request


def data_card(personas: list[Persona], request: "Request") -> str:
    """Markdown with the header that Hugging Face reads."""
    looks = "\n".join(f"- {name}: {', '.join(values)}" for name, values in VOCABULARY.items())
    facts = ", ".join(FACTS)
    example = personas[0] if personas else None
    by_rules = request.diffusion is msgspec.UNSET and request.describe is msgspec.UNSET
    shown = f"> {example.texts[0].text}\n" if example and example.texts else ""
    return f"""---
pretty_name: xmm personas
license: {"cc0-1.0" if by_rules else "other"}
tags: [synthetic, memorization, unlearning, privacy]
configs:
- config_name: default
  data_dir: .
---
# Synthetic people

{request.people} people to measure and {request.aux} auxiliary people, none of whom exist. Each has
{request.views} training views and {request.heldout} held-out views in each modality: pictures of
{request.size} x {request.size} pixels and written descriptions. Made by xmm {request.version} with
seed {request.seed}; the same request gives the same bytes. Fingerprint of this data set, in each
of its rows: `{fingerprint(request)}`.

{shown}
## What a view shows
{looks}

Any two people differ in at least three of these. {_descriptions(request)} No description holds a
name. Held-out pictures have {_held_out(request)} that no training picture has.

## What only the name leads to
{facts}: drawn for each person independently of the look, the name and each other.

## Files
- `personas.jsonl`: a row for each person; paths count from this folder.
- `metadata.jsonl`: a row for each picture, for `load_dataset("imagefolder", data_dir=...)`.
- `images/ID/NN.png`.
- `request.json`: what was asked for. [`croissant.json`](croissant.json): Croissant's card.

## Licence
{_drawn(request)}; {_written(request)}the names come from the lists of
mimesis (MIT).
"""


def _descriptions(request: "Request") -> str:
    if request.describe is not msgspec.UNSET:
        return f"The descriptions were written by `{request.describe}` from the pictures."
    return "Held-out descriptions use other words and other sentences than training descriptions."


def _held_out(request: "Request") -> str:
    return (
        "expressions and backgrounds"
        if request.diffusion is msgspec.UNSET
        else "poses, places and light"
    )


def _drawn(request: "Request") -> str:
    if request.diffusion is msgspec.UNSET:
        return "The pictures are drawn by python_avatars (MIT)"
    model = request.diffusion.model
    return f"The pictures are made by `{model}`, whose licence holds for them"


def _written(request: "Request") -> str:
    if request.describe is msgspec.UNSET:
        return ""
    return f"the descriptions are written by `{request.describe}`, whose licence holds for them; "


def imported_card(
    personas: Sequence[Persona], request: "ImportRequest", found: "ImportedPeople", source: str
) -> str:
    """The card of an imported data set: where it comes from, what was dropped, what to mind."""
    eval_, aux = (sum(one.role == role for one in personas) for role in ("eval", "aux"))
    images, texts = (
        sum(len(getattr(one, kind)) for one in personas) for kind in ("images", "texts")
    )
    changed = "\n".join(f"- {line}" for line in found.notes.lines()) or "- nothing"
    facts = ", ".join(sorted({fact for one in personas for fact in one.facts})) or "none"
    attributes = ", ".join(sorted({name for one in personas for name in one.attributes})) or "none"
    written = (
        "as in the source, with the names taken out"
        if request.describe is msgspec.UNSET
        else f"by `{request.describe}` from the pictures"
    )
    return f"""---
pretty_name: imported people
license: other
tags: [memorization, unlearning, privacy]
configs:
- config_name: default
  data_dir: .
---
# Imported people

{eval_} people to measure and {aux} auxiliary people, with {images} pictures and {texts}
descriptions, imported from `{source}` ({request.format}, fingerprint {request.fingerprint}) by xmm
{request.version} with seed {request.seed}. Fingerprint of this data set, in each of its rows:
`{fingerprint(request)}`. Descriptions: {written}.
Attributes: {attributes}. Facts: {facts}.

## What was dropped
{_dropped(found)}

## What was changed
{changed}

## Single views
{lone_note(found) or "Everyone has at least two views in each modality that they have."}

## Files
- `personas.jsonl`: a row for each person; paths count from this folder.
- `metadata.jsonl`: a row for each picture, for `load_dataset("imagefolder", data_dir=...)`.
- `images/ID/NN.png`: decoded and written anew; nothing but pixels is kept.
- `request.json`: what was asked for. [`croissant.json`](croissant.json): Croissant's card.

## Licence
The source's own holds for pictures and texts.
"""


def _dropped(found: "ImportedPeople") -> str:
    """A line for each reason, below it each file, row or person that was left out for it."""
    lines = []
    for line, places in found.dropped.all_places().items():
        lines.append(f"- {_shown(line)}")
        lines += [f"  - {_shown(place)}" for place in places if len(places) > 1]
    lines += [f"- {_shown(note)}" for note in found.dropped.notes()]
    return "\n".join(lines) or "- nothing"


def _shown(text: str) -> str:
    """On one line, with what has no shape written out: a file may be called anything."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def lone_note(found: "ImportedPeople") -> str:
    """What to mind where people have a single view; empty where no one has."""
    told = [
        f"{count} people have a single {what}"
        for what, count in (
            ("picture", found.lone["image"]),
            ("description", found.lone["text"]),
        )
        if count
    ]
    if not told:
        return ""
    return (
        f"{' and '.join(told)}. With `--lone-view both` it stands in both splits: recall in the "
        "modality that was learned is then of the very view that was learned, and an upper bound; "
        "recall in the other modality is not touched. With `--lone-view train` it is never asked."
    )
