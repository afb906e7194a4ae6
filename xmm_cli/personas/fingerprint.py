"""What tells a data set from all others: a digest of what was asked for."""

from hashlib import sha256

import msgspec

DIGITS = 12


def fingerprint(request: msgspec.Struct) -> str:
    """The first 12 hex digits of the SHA-256 of a request, as `request.json` holds it.

    The same people have the same one in whatever folder and by however many processes they are
    made. Of imported people the request has a digest of all records and pictures.
    """
    return sha256(msgspec.json.encode(request)).hexdigest()[:DIGITS]
