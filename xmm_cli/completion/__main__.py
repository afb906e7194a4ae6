"""Write `completions/` and the guide's tables anew: `python -m xmm_cli.completion [DIR]`."""

import sys
from pathlib import Path

from xmm_cli.completion import bash, fish, guide, man, man_guide, schema, stub, zsh
from xmm_cli.completion.command_tree import commands
from xmm_cli.guide import TOPICS


def generated() -> dict[str, str]:
    """Every file of `completions/` by its name, and its text."""
    every = commands()
    files = {
        "xmm.bash": bash.script(every),
        "_xmm": zsh.script(every),
        "xmm.fish": fish.script(every),
        "man/man1/xmm.1": man.overview(every),
    }
    files |= {f"man/man1/xmm-{command.name}.1": man.page(command) for command in every}
    return files | {f"man/man7/xmm-{topic}.7": man_guide.man_page(topic) for topic in TOPICS}


def main(folder: Path) -> None:
    """Write all files, and take away man pages that are no longer made."""
    guide.write()
    stub.write()
    schema.write()
    files = generated()
    for old in (folder / "man").rglob("*.[17]"):
        old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "completions"))
