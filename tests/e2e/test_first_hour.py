"""README's first hour, line by line as it stands there, with what its reports say.

It trains three models: `pytest -m slow tests/e2e/test_first_hour.py`, a quarter of an hour.
XMM_FIRST_HOUR names a folder to work in, where what is done already is not done again; with
XMM_GOLDEN=write the golden file is written anew. Numbers in it are masked, since they may differ
by a view between machines; words and verdicts may not.
"""

import os
import re
from pathlib import Path

import pytest

from tests.contract.conftest import shell

README = Path(__file__).parents[2] / "README.md"
GOLDEN = Path(__file__).parent / "golden"
DRAWN = "xmm gen-personas -n 24 --out photos > /dev/null"
MOST_S = 3600


def lines() -> list[str]:
    """The lines of the first hour's block, each whole."""
    text = README.read_text("utf-8").partition("\n## A first hour\n")[2]
    block = text.split("```")[1].replace("\\\n ", "")
    return [line for line in block.splitlines()[1:] if line]


def masked(text: str) -> str:
    """The same with # for each number, a paragraph a line: columns and breaks move with numbers."""
    text = re.sub(r"─+", "─", re.sub(r"−?\d[\d,.]*", "#", text))
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")) + "\n"


def test_the_block_is_there():
    found = [line.split()[1] for line in lines() if line.startswith("xmm ")]
    assert found.count("report") == 4
    assert DRAWN in README.read_text("utf-8")


@pytest.mark.slow
def test_every_line_of_the_first_hour(tmp_path):
    folder = Path(os.environ.get("XMM_FIRST_HOUR", tmp_path))
    shown = []
    for line in [DRAWN, *lines()]:
        done = shell(line, folder, timeout_s=MOST_S)
        assert done.code == (3 if "--fail-if" in line else 0), (line, done.err)
        assert "Traceback" not in done.err
        if line.startswith("xmm report"):
            shown.append(f"$ {line.partition('  #')[0].rstrip()}\n{done.out.decode()}")
    text = masked("\n".join(shown))
    file = GOLDEN / "first_hour.txt"
    if os.environ.get("XMM_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
    page = (folder / "report.html").read_text("utf-8")
    assert page.index("Learned from pictures, named from") < page.index("<table")
    assert "Unlearned through pictures: " in page
