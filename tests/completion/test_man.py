"""Man pages: what the help says, and nothing that troff stumbles over."""

import re
import shutil
import subprocess

import pytest

from xmm_cli.completion import man
from xmm_cli.completion.command_tree import Command, Option, commands
from xmm_cli.errors import ExitCode

PAGES = commands()


@pytest.mark.parametrize("command", PAGES, ids=lambda one: one.name)
def test_a_page_has_every_option_and_example(command):
    text = man.page(command).replace(r"\-", "-")
    for option in command.options:
        for name in option.names:
            assert rf"\fB{name}\fR" in text
        assert option.help in text.replace(r"\e", "\\")
    assert text.count("\nxmm ") >= 2
    assert f'.TH "XMM-{command.name.upper()}" 1' in text


def test_the_overview_names_all():
    text = man.overview(PAGES).replace(r"\-", "-")
    assert all(rf"\fBxmm-{one.name}\fR(1)" in text for one in PAGES)
    assert set(man.CODES) == set(ExitCode)


@pytest.mark.parametrize("name", [*(one.name for one in PAGES), ""])
def test_groff_has_nothing_to_say(name):
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    (text,) = [man.page(one) for one in PAGES if one.name == name] or [man.overview(PAGES)]
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii"], input=text, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    shown = re.sub(r"\x1b\[\d+m|.\x08", "", done.stdout)
    assert (f"xmm-{name}" if name else "COMMANDS") in shown


def test_what_troff_would_read_is_escaped():
    odd = Command("x", "It's a \\ test.", ".starts\n\n'quoted'", "Examples:\n  .y", (
        Option(("--z",), ".help", None),
    ))  # fmt: skip
    lines = man.page(odd).splitlines()
    assert r"\&.starts" in lines
    assert r"\&'quoted'" in lines
    assert r"\&.help" in lines
    assert r"\&.y" in lines
