"""Finding rows of a world in which it is known what must be found."""

from xmm_cli.study.effects import IntervalSettings
from xmm_cli.study.find import FindingList, find_all

from .engine import count

QUICK = IntervalSettings(resamples=999)


def found(*parts, drawing=QUICK) -> FindingList:
    return find_all(count(row for part in parts for row in part), drawing)


def row(rows, start, **fields):
    """The only finding that begins so."""
    fits = [
        one
        for one in rows
        if one.claim.startswith(start)
        and all(getattr(one, name) == value for name, value in fields.items())
    ]
    assert len(fits) == 1, [one.claim for one in fits or rows]
    return fits[0]
