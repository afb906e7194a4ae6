"""What tells a data set from all others: a digest of what was asked for."""

from hashlib import sha256
from typing import Any

import msgspec

DIGITS = 12


def fingerprint(request: msgspec.Struct) -> str:
    """The first 12 hex digits of the SHA-256 of a request, as `request.json` holds it.

    The same people have the same one in whatever folder and by however many processes they are
    made. Of imported people the request has a digest of all records and pictures, and of a model
    in a folder that of its weights, in whose place the path does not count.
    """
    told = without_paths(msgspec.to_builtins(request))
    return sha256(msgspec.json.encode(told)).hexdigest()[:DIGITS]


def without_paths(told: dict[str, Any]) -> dict[str, Any]:
    """A request's fields, where the paths of models do not count whose weights are known."""
    told = dict(told)
    if "describe_weights" in told:
        told["describe"] = ""
    if "model_weights" in told and isinstance(told.get("diffusion"), dict):
        told["diffusion"] = told["diffusion"] | {"model": ""}
    return told
