"""The values that fields of rows have."""

from typing import Annotated, Literal

from msgspec import Meta

Modality = Literal["image", "text"]
Source = Literal["image", "text", "both"]
Role = Literal["eval", "aux"]
Split = Literal["train", "heldout"]
Task = Annotated[str, Meta(pattern="^[a-z]")]
"""What is asked: a name of `probing.tasks`, or of a task of another package."""
Answer = Literal["generate", "rank"]
ForgetOrRetain = Literal["forget", "retain", "relearned", "earlier", "same-person", "same-fact"]
"""After unlearning: `forget` is what was to be forgotten, `retain` what was to be kept, `relearned`
who was taught again since, `earlier` what earlier runs were to forget. Where one fact was to be
forgotten, `same-person` is all else about these people, and `same-fact` that fact of others.
"""

Verdict = Literal["holds", "negligible", "does not hold", "unclear"]
"""Of a finding: see `types.Finding`."""
Unit = Literal["share", "difference of shares", "difference of ratios", "ratio", "nats"]

Inside = Literal["retrieval", "alignment", "decodable"]
"""What is measured inside a model; see `types.Trace`."""

Label = str | int | float | bool
LARGEST = 2**63 - 1
"""Whole numbers have 64 bits, as in DuckDB."""
Natural = Annotated[int, Meta(ge=0, le=LARGEST)]
Positive = Annotated[int, Meta(ge=1, le=LARGEST)]
NonEmpty = Annotated[str, Meta(min_length=1)]
