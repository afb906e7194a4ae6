"""Where inside the model the two modalities meet, and where the name shows."""

import msgspec
import numpy as np

from xmm_cli.rows.types import MODALITIES, Finding, Inside, Modality
from xmm_cli.study.effects import Shares, mean
from xmm_cli.study.place import Place
from xmm_cli.study.study import DIRECTIONS, Study, empty, minus, percents
from xmm_cli.study.verdict import PRESENT

FAMILY = "inside"


def find(study: Study) -> list[Finding]:
    """Retrieval, decodability and alignment of plain models of the default base."""
    if not study.people.inside:
        study.leave_out(FAMILY, "no trace rows")
        return []
    findings = []
    for source, _ in DIRECTIONS:
        findings += [row for asked in MODALITIES for row in _retrieval(study, source, asked)]
    for source, target in DIRECTIONS:
        findings += _decodable(study, source, target)
    for source in ("image", "text"):
        findings += _alignment(study, source)
    return findings


def layers_of(
    study: Study, measure: Inside, source: Modality | None, asked: Modality | None
) -> dict[int, Shares]:
    """A person's value at each layer; of the untrained base for source None."""
    return study.people.layers(measure, study.place(source, asked))


def _retrieval(study: Study, source: Modality, asked: Modality) -> list[Finding]:
    trained = layers_of(study, "retrieval", source, asked)
    untrained = layers_of(study, "retrieval", None, asked)
    if not trained or max(trained) not in untrained:
        return []
    own = trained[max(trained)]
    base = _aligned(untrained[max(trained)], own)
    return [
        study.finding(
            FAMILY,
            f"training brings a person's views together, {source}, asked {asked}",
            "last layer: share of views whose nearest one in the other modality is of the same "
            "person, minus that of the untrained base",
            PRESENT,
            [own, base],
            minus,
            comment=percents([own, base]),
        )
    ]


def _aligned(shares: Shares, like: Shares) -> Shares:
    """The same persons, where the untrained base knows no seed."""
    by_id = {person.id: value for person, value in shares.items()}
    aligned = {person: shares.get(person, by_id.get(person.id)) for person in like}
    return {person: value for person, value in aligned.items() if value is not None}


def _decodable(study: Study, source: Modality, target: Modality) -> list[Finding]:
    same = layers_of(study, "decodable", source, source)
    cross = layers_of(study, "decodable", source, target)
    if not same or not cross:
        return []
    here, there = same[max(same)], cross[max(cross)]
    layers = [earliest_half(shares) for shares in (same, cross)]
    return [
        study.finding(
            FAMILY,
            f"the name is read from fewer views of the other modality, {source} → {target}",
            "last layer: share of views from which the name can be read, in the modality learned "
            "in minus the other one",
            PRESENT,
            [here, there],
            minus,
            comment=f"{percents([here, there])}; half of it at layer {layers[0]} and {layers[1]} "
            f"of {max(same)}",
        )
    ]


def earliest_half(layers: dict[int, Shares]) -> int:
    """The first layer with at least half of the last layer's mean value."""
    half = mean(layers[max(layers)]) / 2
    return min(layer for layer, shares in layers.items() if mean(shares) >= half)


def _alignment(study: Study, source: Modality) -> list[Finding]:
    """One number per model: no persons to draw, so no interval."""
    places = _alignment_places(study, source)
    if not places:
        return []
    values = study.people.layers("alignment", places)
    chances = study.people.chance_of_layers("alignment", places)
    last = max(values)
    above = {person: value - chances[last][person] for person, value in values[last].items()}
    row = empty(
        FAMILY,
        f"the modalities are aligned, {source}",
        "last layer: centred kernel alignment of the two modalities minus chance",
        "difference of ratios",
        "one number per model: no interval over persons",
    )
    return [
        msgspec.structs.replace(
            row,
            effect=round(float(np.mean(list(above.values()))), 6),
            by_seed={str(person.seed): round(value, 6) for person, value in above.items()},
            seeds=len(above),
        )
    ]


def _alignment_places(study: Study, source: Modality) -> Place | None:
    for modality in (None, *MODALITIES):
        place = study.place(source, modality)
        if study.people.layers("alignment", place):
            return place
    return None
