"""A row's labels as bytes and back: there 1, 1.0 and true stay three things.

Not with orjson, which has no integers beyond 64 bits; rows may.
"""

import msgspec

from xmm_cli.rows.types import Label

packed = msgspec.json.Encoder(order="sorted").encode
"""JSON with sorted names."""
unpacked = msgspec.json.Decoder(dict[str, Label]).decode
