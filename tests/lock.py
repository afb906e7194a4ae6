"""Print the versions that this environment has of all that xmm and its tests need.

python -m tests.lock > tests/constraints.txt

Local versions (`+cpu`) and places of wheels are left out, so that the file holds on any machine.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
HEAD = """\
# What the tests run with: pip install -c tests/constraints.txt -e '.[dev]'
# Made anew by: python -m tests.lock > tests/constraints.txt
"""


def asked() -> list[Requirement]:
    """What pyproject.toml names, all extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    return [Requirement(one) for one in (*project["dependencies"], *extras)]


def pins() -> Iterator[tuple[str, str]]:
    """Name and version of each, and of what they need themselves."""
    open_ones, seen = asked(), set()
    while open_ones:
        one = open_ones.pop()
        extras = tuple(sorted(one.extras))
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = version(one.name)
        except PackageNotFoundError:
            continue  # an extra that is not installed here
        yield name, found.partition("+")[0]
        for text in requires(one.name) or []:
            need = Requirement(text)
            at_hand = ("", *extras)
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in at_hand):
                open_ones.append(need)


def main() -> None:
    """Write the file to stdout."""
    sys.stdout.write(HEAD + "".join(f"{name}=={found}\n" for name, found in sorted(set(pins()))))


if __name__ == "__main__":
    main()
