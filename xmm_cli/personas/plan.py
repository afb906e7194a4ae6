"""How many views a persona gets, and how they are drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

from xmm_cli.rows.types import Split


@dataclass(frozen=True, slots=True)
class Plan:
    """How many views of each split a persona gets, and how they are drawn."""

    views: int = 16
    heldout: int = 8
    size: int = 96
    renderer: str = "avatar"

    def numbered(self) -> Iterator[tuple[int, Split, int]]:
        """View number, split, and number within the split; training views come first."""
        for index in range(self.views):
            yield index, "train", index
        for index in range(self.heldout):
            yield self.views + index, "heldout", index
