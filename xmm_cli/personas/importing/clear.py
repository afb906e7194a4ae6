"""CLEAR: `full/*.parquet` (or another part, such as `forget10/`): `image`, `caption`, `name`.

Some eighteen pictures a person, each with a caption that names them; the name is taken out of it.
Parts such as `full+tofu` also have rows of text alone, `question` and `answer`, which say nothing
of a look. Dontsov et al. 2024, https://arxiv.org/abs/2410.18057,
https://huggingface.co/datasets/therem/CLEAR
"""

from collections.abc import Iterator
from pathlib import Path

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.source_files import embedded, find, parquet_rows, words


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each picture."""
    folder = find(path, "full/*.parquet", "*.parquet").parent
    columns = ["image", "caption", "name", "question", "answer"]
    for where, row in parquet_rows(sorted(folder.glob("*.parquet")), columns):
        if "caption" not in row or "name" not in row:
            raise BadData(f"{where}: no caption or name", "is this a part of CLEAR with pictures?")
        picture, name = embedded(row.get("image")), words(row["name"])
        if picture is None:
            dropped.add("a question without a picture: xmm asks its own", where, lost=False)
        elif name is None:
            dropped.add("a picture of no one", where, lost=False)
        else:
            yield Record(where, name, name, picture, words(row["caption"]))
