"""What was measured of a checkpoint, on the model card that lies in its folder."""

import re

START, END = "<!-- measured by xmm report --card -->", "<!-- /measured -->"


def with_measured(card: str, table: str) -> str:
    """The card with this Markdown under "Measured", in place of what was measured before."""
    deeper = re.sub(r"^#", "##", table.strip(), flags=re.MULTILINE)
    section = f"{START}\n## Measured\n\n{deeper}\n{END}\n"
    before, marked, rest = card.partition(START)
    after = rest.partition(END)[2].lstrip("\n") if marked else ""
    return f"{before.rstrip()}\n\n{section}" + (f"\n{after}" if after else "")
