"""What tells a data set from all others: a digest of what was asked for."""

from hashlib import sha256

import msgspec

DIGITS = 12


def fingerprint(request: msgspec.Struct) -> str:
    """The first 12 hex digits of the SHA-256 of a request, as `request.json` holds it.

    The same people have the same one in whatever folder and by however many processes they are
    made. Of imported people the request has a digest of all records and pictures, and of a model
    in a folder that of its weights, in whose place the path does not count.
    """
    told = msgspec.to_builtins(request)
    if "describe_weights" in told:
        told["describe"] = ""
    if "model_weights" in told:
        told["diffusion"]["model"] = ""
    return sha256(msgspec.json.encode(told)).hexdigest()[:DIGITS]
