"""The guide as man pages: the Markdown that it uses, and what groff says of each page."""

import re
import shutil
import subprocess

import pytest

from xmm_cli.completion.man_guide import convert, man_page
from xmm_cli.guide import TOPICS, page

TEXT = """

Some *words* with `--code`, **weight** and a [link](https://example.org).
.A line that begins with a dot.

## Part

- first
- second, with

  a paragraph

1. one

### Detail

```sh
xmm train \\
  .hidden 'quoted'
```

| a | b |
| --- | --- |
| x | y |
"""


def shown(text: str) -> str:
    """What a reader sees, 78 columns wide."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(
        ["groff", "-k", "-man", "-ww", "-Tutf8"], input=text, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return re.sub(r"\x1b\[\d+m|.\x08", "", done.stdout)


def test_each_element():
    text = convert("xmm-x", "What it is", TEXT)
    assert '.TH "XMM-X" 7' in text
    assert (
        ".SH DESCRIPTION\n.PP\nSome \\fIwords\\fR with \\fB\\-\\-code\\fR, \\fBweight\\fR" in text
    )
    assert "\n\\&.A line" in text
    assert ".SH\nPart\n" in text
    assert ".SS\nDetail\n" in text
    assert ".IP \\(bu 2\nfirst\n.IP \\(bu 2\nsecond, with\n.IP\na paragraph\n" in text
    assert '.IP "1." 4\none\n' in text
    assert ".EX\nxmm train \\e\n  .hidden 'quoted'\n.EE" in text
    assert ".IP \\(bu 2\n\\fBx\\fR: y\n" in text


def test_groff_shows_the_elements():
    text = shown(convert("xmm-x", "What it is", TEXT))
    assert "xmm train \\\n" in text
    assert ".hidden 'quoted'" in text
    assert ".A line that begins with a dot." in " ".join(text.split())
    assert "xmm‐x - what it is" in text or "xmm-x - what it is" in text


@pytest.mark.parametrize("odd", ["> quoted", "![picture](a.png)", "<b>x</b>", "---"])
def test_what_the_guide_does_not_use_is_refused(odd):
    with pytest.raises(ValueError, match="no page of the guide uses"):
        convert("xmm-x", "what", f"\n{odd}\n")


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_loses_no_word(topic):
    text = " ".join(shown(man_page(topic)).replace("‐\n", "-\n").split())
    flat = re.sub(r"[‐− -]", "", text)
    words = re.sub(r"<!--.*?-->|\]\([^)]*\)|^# .*|\|.*|```\w*", "", page(topic))
    for word in re.findall(r"[A-Za-z]{6,14}", words):
        assert word in flat, word
