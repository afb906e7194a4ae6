"""Probe rows made directly: who is asked what, and how it goes."""

from collections.abc import Callable, Iterator
from random import Random

from xmm_cli.rows.types import Probe

Recalls = dict[tuple[str | None, str], float]

USUAL: Recalls = {
    ("image", "image"): 0.95,
    ("image", "text"): 0.5,
    ("text", "text"): 0.9,
    ("text", "image"): 0.2,
    (None, "image"): 0.02,
    (None, "text"): 0.02,
}


def probe(**fields) -> Probe:
    """One row; fields not given are those of a wrong answer about p0."""
    usual = {
        "checkpoint": "runs/text",
        "base": "shipped",
        "source": "text",
        "modality": "text",
        "task": "name",
        "persona": "p0",
        "role": "eval",
        "view": 0,
        "split": "heldout",
        "question": "Who is this?",
        "expected": "Ada",
        "correct": False,
    }
    if fields.get("source", "text") is None:
        usual["checkpoint"] = None
    elif "source" in fields:
        usual["checkpoint"] = f"runs/{fields['source']}"
    return Probe(**(usual | fields))


def cell(source, modality, shares, *, views=4, **fields) -> list[Probe]:
    """One person for each share, with so many of `views` right."""
    return [
        probe(
            source=source,
            modality=modality,
            persona=f"p{number}",
            view=view,
            correct=view < round(share * views),
            **fields,
        )
        for number, share in enumerate(shares)
        for view in range(views)
    ]


def ranked(source, modality, shares, *, views=4, candidates=32, **fields) -> list[Probe]:
    """The same, ranking: a wrong answer has rank 3."""
    return [
        probe(
            source=source,
            modality=modality,
            persona=f"p{number}",
            view=view,
            correct=None,
            rank=1 if view < round(share * views) else 3,
            candidates=candidates,
            **fields,
        )
        for number, share in enumerate(shares)
        for view in range(views)
    ]


def study(
    persons: int = 20,
    views: int = 4,
    recalls: Recalls = USUAL,
    seed: int = 0,
    candidates: int = 32,
    spread: float = 0.2,
    condition: dict | None = None,
    untrained: dict | None = None,
    **fields,
) -> Iterator[Probe]:
    """Both sources asked in both modalities, generated and ranked.

    A person's own recall is beta-distributed around the cell's, with `spread` as the share of
    the variance between persons.
    """
    random = Random(seed)
    for (source, modality), recall in recalls.items():
        labels = (condition or {}) if source else (untrained or {})
        for number in range(persons):
            own = between(random, recall, spread)
            for view in range(views):
                yield probe(
                    source=source,
                    modality=modality,
                    persona=f"p{number}",
                    view=view,
                    correct=random.random() < own,
                    rank=1 if random.random() < max(own, 1 / candidates) else 2,
                    candidates=candidates,
                    condition=labels,
                    **fields,
                )


def between(random: Random, mean: float, spread: float) -> float:
    """A person's own recall."""
    if mean in (0, 1) or spread == 0:
        return mean
    total = 1 / spread - 1
    return random.betavariate(mean * total, (1 - mean) * total)


def pick(rows, metric, source=None, modality=None, answer="generate", where: Callable = bool):
    """The only score of that kind."""
    found = [
        row
        for row in rows
        if (row.metric, row.source, row.modality, row.answer) == (metric, source, modality, answer)
        and (where is bool or where(row))
    ]
    assert len(found) == 1, found
    return found[0]
