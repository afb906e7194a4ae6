"""Is a fact told from a view by a model that tells the name from it, and the fact by the name?

Three questions belong together: the name from a view, a fact by the name (one hop), and the same
fact from the same view (two hops). A fact is known again by its right answer, as a person's facts
have different values. A fact by name that was asked in several ways counts as known if at least
half of the answers were right. Models that carry the label `facts` are taken where there are some.
"""

from typing import Any

from xmm_cli.rows.types import MODALITIES, Finding
from xmm_cli.study.effects import Shares
from xmm_cli.study.place import Place
from xmm_cli.study.study import Study, averaged, minus, percents
from xmm_cli.study.verdict import PRESENT

FAMILY = "multi-hop"
SOURCES = ("image", "text", "both")
OTHERWISE = {
    "name-first": "more facts come where the name is said first",
    "hop-by-hop": "more facts come hop by hop",
}


def find(study: Study) -> list[Finding]:
    """Compositional gaps, then what the second hop costs, then what other ways to ask gain."""
    compositional, apart, spoken = [], [], []
    for source in SOURCES:
        for modality in MODALITIES:
            parted = _two_hops(study, source, modality)
            two_hops, by_name = study.people.shares(parted), _by_name(study, source)
            if not two_hops or not by_name:
                continue
            missed, items = _missed(study, parted)
            if missed:
                compositional.append(_compositional(study, source, modality, missed, items))
            apart.append(_second_hop(study, source, modality, by_name, two_hops))
            for asking, claim in OTHERWISE.items():
                spoken_shares = study.people.shares(parted._replace(asking=asking))
                if spoken_shares:
                    claim = f"{claim}, {source} → {modality}"
                    spoken.append(_otherwise(study, claim, asking, spoken_shares, two_hops))
    if not apart:
        study.leave_out(FAMILY, "no rows of facts asked both from a view and by name")
    return compositional + apart + spoken


def _compositional(study: Study, source: str, modality: str, missed: Shares, items: int) -> Finding:
    return study.share_of(
        FAMILY,
        f"both parts are answered and not the whole, {source} → {modality}",
        "share of two-hop questions answered wrongly where the name from that view and the fact by "
        "name are both right; a base that met no such question may miss its form",
        PRESENT,
        missed,
        comment=f"{items} such questions",
    )


def _second_hop(
    study: Study, source: str, modality: str, by_name: Shares, two_hops: Shares
) -> Finding:
    return study.finding(
        FAMILY,
        f"fewer facts come from a view than by name, {source} → {modality}",
        "recall of facts by name minus recall of facts from a view",
        PRESENT,
        [by_name, two_hops],
        minus,
        comment=percents([by_name, two_hops]),
    )


def _otherwise(study: Study, claim: str, asking: str, spoken: Shares, two_hops: Shares) -> Finding:
    return study.finding(
        FAMILY,
        claim,
        f"recall of facts from a view, asked {asking}, minus that at once",
        PRESENT,
        [spoken, two_hops],
        minus,
        comment=percents([spoken, two_hops]),
    )


def _two_hops(study: Study, source: Any, modality: Any) -> Place:
    plain = study.place(source, modality, task="fact", hops=2)
    taught = plain._replace(facts="True")
    return taught if study.people.shares(taught) else plain


def _by_name(study: Study, source: Any) -> Shares:
    """Recall of facts by name; such a question shows no view, whatever modality its rows say."""
    places = [_two_hops(study, source, modality)._replace(hops=1) for modality in MODALITIES]
    cells = [study.people.shares(place) for place in places]
    return averaged([cell for cell in cells if cell])


def _missed(study: Study, place: Place) -> tuple[Shares, int]:
    """Each person's share of two-hop questions missed though both parts were right."""
    counts = study.people.missed.get(place, {})
    items = sum(asked for _, asked in counts.values())
    return {person: missed / asked for person, (missed, asked) in counts.items()}, items
