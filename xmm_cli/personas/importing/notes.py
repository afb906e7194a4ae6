"""What an import did to records that it kept."""

from collections import Counter


class Notes:
    """Counts by what was done, with the first place of each."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, what: str, where: str = "") -> None:
        """Count one more of `what`, a plural such as `descriptions named their person`."""
        self._count[what] += 1
        self._first.setdefault(what, where)

    def lines(self) -> list[str]:
        """A line for each: `3 pictures have a single colour (first: people.csv:7: 3.png)`."""
        return [
            f"{count} {what}" + (f" (first: {self._first[what]})" if self._first[what] else "")
            for what, count in self._count.items()
        ]
