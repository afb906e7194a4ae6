"""Write `completions/` anew: `python -m xmm_cli.completion [DIR]`."""

import sys
from pathlib import Path

from xmm_cli.completion import bash, fish, man, zsh
from xmm_cli.completion.tree import commands


def generated() -> dict[str, str]:
    """Every file of `completions/` by its name, and its text."""
    every = commands()
    found = {
        "xmm.bash": bash.script(every),
        "_xmm": zsh.script(every),
        "xmm.fish": fish.script(every),
        "man/xmm.1": man.overview(every),
    }
    return found | {f"man/xmm-{one.name}.1": man.page(one) for one in every}


def main(folder: Path) -> None:
    """Write all files, and take away those that are no longer made."""
    found = generated()
    (folder / "man").mkdir(parents=True, exist_ok=True)
    for old in (folder / "man").glob("*.1"):
        old.unlink()
    for name, text in found.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "completions"))
