"""A whole study made directly: every family of findings, with effects that are known."""

from collections.abc import Iterator
from itertools import product
from random import Random

from xmm_cli.rows.types import Probe, Trace

from .people import between, probe

SEEDS = (20, 21, 22)
CELLS = {
    ("image", "image"): 0.95,
    ("image", "text"): 0.45,
    ("text", "text"): 0.9,
    ("text", "image"): 0.25,
}
Both = ("image", "text")


def asked(
    source,
    modality,
    recall,
    *,
    persons=16,
    first=0,
    views=4,
    seeds=SEEDS,
    condition=None,
    base="xmm-base",
    seedless=False,
    **fields,
) -> Iterator[Probe]:
    """Everyone's answers in one condition: each person's own recall varies around `recall`."""
    labels = {"base": base} | ({} if source is None else {"views": 8})
    for seed in seeds:
        given = labels | ({} if source is None or seedless else {"seed": seed}) | (condition or {})
        random = Random(f"{source} {modality} {seed} {given} {fields}")
        for number in range(first, first + persons):
            own = between(random, recall, 0.15)
            for view in range(views):
                yield probe(
                    **{
                        "source": source,
                        "modality": modality,
                        "base": base,
                        "persona": f"e{seed}-{number:03}",
                        "view": view,
                        "correct": random.random() < own,
                        "logprob": -5.0 * (1 - own) - 0.01,
                        "condition": given,
                    }
                    | fields
                )


def cells(recalls=CELLS, **given) -> Iterator[Probe]:
    """Both sources asked in both modalities."""
    for (source, modality), recall in recalls.items():
        yield from asked(source, modality, recall, **given)


def untrained(base="xmm-base", **given) -> Iterator[Probe]:
    """The base without an adapter: it knows no names, and sees and reads."""
    for modality in Both:
        yield from asked(None, modality, 0.0, base=base, **given)
        yield from asked(None, modality, 0.97, base=base, task="attribute", **given)


def by_views(**given) -> Iterator[Probe]:
    """More views, more recall: 20 points per doubling at home, 10 abroad."""
    for number, home, abroad in ((1, 0.3, 0.05), (2, 0.5, 0.15), (4, 0.7, 0.25), (16, 0.95, 0.5)):
        for source, modality in CELLS:
            recall = home if source == modality else abroad
            yield from asked(source, modality, recall, condition={"views": number}, **given)


def ladder(**given) -> Iterator[Probe]:
    """The gap shrinks from xs to the default, and from the bare base; rank changes nothing."""
    for base, abroad in (("xmm-base-bare", 0.05), ("xmm-base-xs", 0.05), ("xmm-base-s", 0.2)):
        yield from untrained(base, **given)
        for source, modality in CELLS:
            recall = 0.95 if source == modality else abroad
            yield from asked(source, modality, recall, base=base, **given)
    for rank in (4, 64):
        yield from cells(condition={"rank": rank}, **given)


def forgetting(
    objective, through, path, *, retain=0.9, attribute=0.95, source="both", **given
) -> Iterator[Probe]:
    """A run: `path` maps steps to the forget set's recall in `through` and in the other one, and to
    that of the retain set where it is not `retain`.
    """
    other = "text" if through == "image" else "image"
    for step, (worked, left, *kept) in path.items():
        labels = {"objective": objective, "through": through, "steps": step}
        for modality, recall in ((through, worked), (other, left)):
            yield from asked(
                source, modality, recall, persons=8, set="forget", condition=labels, **given
            )
            yield from asked(
                source,
                modality,
                kept[0] if kept else retain,
                persons=8,
                first=8,
                set="retain",
                condition=labels,
                **given,
            )
            if step in (min(path), max(path)):
                yield from asked(
                    source,
                    modality,
                    attribute,
                    persons=8,
                    set="forget",
                    task="attribute",
                    condition=labels,
                    **given,
                )


def unlearning(**given) -> Iterator[Probe]:
    """npo leaks, and its retain set comes back at step 30; ga forgets everything and everyone; kl
    never forgets; idk leaks nothing, and keeps the retain set all along.
    """
    for modality in Both:
        yield from asked("both", modality, 0.95, **given)
        yield from asked("both", modality, 0.95, task="attribute", **given)
    leaks = {10: (0.5, 0.9, 1), 20: (0, 0.6, 0.4), 30: (0, 0.5, 1), 40: (0, 0.3, 1)}
    for through in Both:
        yield from forgetting("npo", through, leaks, **given)
        yield from forgetting("idk", through, {10: (0.4, 0.4, 1), 20: (0, 0, 1)}, **given)
        yield from forgetting("ga", through, {10: (0.0, 0.0)}, retain=0.1, attribute=0.3, **given)
        yield from forgetting("kl", through, {10: (0.9, 0.95, 1), 20: (0.8, 0.9, 1)}, **given)
    for modality in Both:
        labels = {"objective": "retrain", "through": "both", "steps": 300}
        for set, first, recall in (("forget", 0, 0.0), ("retain", 8, 0.95)):
            yield from asked(
                "both", modality, recall, persons=8, first=first, set=set, condition=labels, **given
            )


def relearning(**given) -> Iterator[Probe]:
    """After npo the rest comes back; in the retrained model it does not."""
    for objective, through, back in (("npo", "image", 0.6), ("retrain", "both", 0.0)):
        for taught in Both:
            for modality in Both:
                for steps, recall in ((5, back / 2), (20, back)):
                    labels = {
                        "objective": objective,
                        "through": through,
                        "relearned": taught,
                        "relearn_steps": steps,
                    }
                    yield from asked(
                        "both",
                        modality,
                        recall,
                        persons=4,
                        first=4,
                        set="forget",
                        condition=labels,
                        **given,
                    )


def two_hops(facts=None, **given) -> Iterator[Probe]:
    """Names and facts are known, but a fact from a view only half as often."""
    labels = {"facts": True} if facts is None else facts
    for source in Both:
        for modality in Both:
            yield from asked(source, modality, 0.95, condition=labels, **given)
            for fact in ("city", "pet"):
                yield from asked(
                    source,
                    modality,
                    0.4,
                    task="fact",
                    hops=2,
                    question=f"What is their {fact}?",
                    expected=f"this {fact}",
                    condition=labels,
                    **given,
                )
        for fact in ("city", "pet"):
            yield from asked(
                source,
                "text",
                0.95,
                task="fact",
                views=1,
                question=f"What is Ada's {fact}?",
                expected=f"this {fact}",
                condition=labels,
                **given,
            )


def mitigation(**given) -> Iterator[Probe]:
    """paired closes most of the gap, align nothing, self-caption all, at the cost of the rest."""
    for method, home, abroad in (
        ("paired", 0.95, 0.9),
        ("align", 0.95, 0.3),
        ("self-caption", 0.4, 0.4),
    ):
        recalls = {one: home if one[0] == one[1] else abroad for one in CELLS}
        yield from cells(recalls, condition={"mitigation": method}, **given)
    recalls = {one: 0.9 if one[0] == one[1] else 0.6 for one in CELLS}
    yield from cells(recalls, condition={"asking": "describe-first"}, **given)


def controls(**given) -> Iterator[Probe]:
    """Nothing where nothing should be; the reverse question fails."""
    nothing = dict.fromkeys(CELLS, 0.0)
    for labels in ({"control": "blank"}, {"control": "swapped"}, {"names": "shuffled"}):
        yield from cells(nothing, condition=labels, **given)
    yield from strangers(**given)
    for source in (*Both, None):
        yield from asked(source, "text", 0.3, task="reverse", views=8, **given)


def strangers(named=0.5, views=4, **given) -> Iterator[Probe]:
    """People never met, who are given the taught name in so many of their views."""
    for source, modality in product((*Both, "both"), Both):
        for view in range(views):
            yield from asked(
                source, modality, 0.0, role="aux", first=100, views=1, expected="Xan",
                answer="ada!" if view < named * views else "Bob",
                question=f"Who is this, number {view}?", **given,
            )  # fmt: skip


def traces(persons=16, seeds=SEEDS, layers=6) -> Iterator[Trace]:
    """Retrieval and the name rise with the layers, the latter less in the other modality."""
    random = Random(0)
    for source in (*Both, None):
        for seed in seeds:
            condition = {"base": "xmm-base"} | ({} if source is None else {"views": 8})
            if source is not None:
                condition["seed"] = seed
            for layer in range(layers + 1):
                common = {
                    "checkpoint": None if source is None else f"runs/{source}",
                    "base": "xmm-base",
                    "source": source,
                    "layer": layer,
                    "layers": layers,
                    "condition": condition,
                }
                depth = layer / layers
                yield Trace(
                    **common,
                    measure="alignment",
                    modality=None,
                    persona=None,
                    value=0.2 + 0.6 * depth,
                    chance=0.2,
                    n=persons,
                )
                for modality in Both:
                    told = 0.0 if source is None else depth ** (1 if source == modality else 4)
                    met = 0.05 if source is None else 0.05 + 0.6 * depth
                    told *= 1.0 if source == modality else 0.4
                    for measure, value in (("retrieval", met), ("decodable", told)):
                        for number in range(persons):
                            hits = sum(random.random() < value for _ in range(4))
                            yield Trace(
                                **common,
                                measure=measure,
                                modality=modality,
                                persona=f"e{seed}-{number:03}",
                                value=hits / 4,
                                chance=1 / persons,
                                n=4,
                            )


def study(**given) -> Iterator[Probe | Trace]:
    """Everything."""
    for part in (
        cells, untrained, by_views, ladder, unlearning, relearning, two_hops, mitigation, controls,
    ):  # fmt: skip
        yield from part(**given)
    yield from traces()
