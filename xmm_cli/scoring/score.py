"""From probe rows to score rows: every metric in every group of comparable cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xmm_cli.errors import WrongUsage
from xmm_cli.rows.inputs import Inputs
from xmm_cli.rows.types import Audit, Finding, Probe, Role, Row, Run, Score
from xmm_cli.scoring.across import Across
from xmm_cli.scoring.config import DEFAULTS, ScoreConfig
from xmm_cli.scoring.counting import count
from xmm_cli.scoring.counts import Counts, tell_apart
from xmm_cli.scoring.estimate import FEW_PERSONS, Estimator
from xmm_cli.scoring.groups import ANSWERS, ATTACK, Group, gather
from xmm_cli.scoring.metric import Metric
from xmm_cli.scoring.metrics import ALIASES, COMPARED, DEFAULT, METRICS
from xmm_cli.scoring.scan import WantedCounts
from xmm_cli.scoring.untrained import join_untrained

LARGEST_UNSEEN = 0.15
"""A detectable gap beyond this is said."""


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The score rows, and what a user should be told about them."""

    rows: list[Score]
    notes: list[str]
    counts: tuple[Counts, ...] = field(compare=False, repr=False)
    """What they were made from; of a comparison, the baseline's counts come second."""


def score_inputs(
    inputs: Inputs,
    config: ScoreConfig = DEFAULTS,
    *,
    kinds: tuple[type[Row], ...] = (Probe, Finding, Audit, Run),
    need: tuple[type[Row], ...] = (Probe,),
    about: str | None = None,
) -> ScoreResult:
    """Score the probe rows of these inputs.

    The same rows in any order give the same scores, unless a question stands twice with different
    answers: then the last one counts. `kinds`, `need` and `about` are as for `counts.count`.

    Raises:
        WrongUsage: an option out of range, an unknown metric, or a label in `by` on no row.
        BadData: a line that is no such row.
    """
    chosen = load_metrics(config.metrics)
    config.check()
    counts = count(inputs, wanted_for(chosen), kinds=kinds, need=need, about=about)
    return score_counts(counts, config)


def score_counts(counts: Counts, config: ScoreConfig = DEFAULTS) -> ScoreResult:
    """The same of what was counted with `wanted_for` these metrics. Raises `WrongUsage`."""
    chosen = load_metrics(config.metrics)
    config.check()
    groups, notes = grouped(counts, chosen, config.by, config.roles)
    scores = _score_groups(groups, chosen, config)
    said = [*_of_counts(counts, config), *notes, *_notes(groups, scores, config.metrics)]
    return ScoreResult(scores, said, (counts,))


def _score_groups(groups: list[Group], chosen: "Chosen", config: ScoreConfig) -> list[Score]:
    strangers = [group for group in groups if _beside(group, chosen)]
    own = {name: one for name, one in chosen.items() if isinstance(one, Metric)}
    scores = []
    for group in groups:
        if group in strangers:
            continue
        for answer in ANSWERS:
            estimator = Estimator(group, answer, config.level, config.resamples, config.seed)
            scores += _score_group(estimator, own)
        for name, metric in chosen.items():
            if isinstance(metric, Across):
                scores += metric.scores(name, group, groups, config.level)
    return scores


def score_against(inputs: Inputs, baseline: Inputs, config: ScoreConfig = DEFAULTS) -> ScoreResult:
    """What a run has more, or less, than another, person by person; see `scoring.against`.

    Raises `WrongUsage` and `BadData` as `score_inputs` does.
    """
    from xmm_cli.scoring.against import compare

    chosen = load_metrics(COMPARED if config.metrics is None else config.metrics)
    plain = {name: one for name, one in chosen.items() if isinstance(one, Metric)}
    apart = [name for name in config.metrics or () if name in chosen and name not in plain]
    if apart:
        raise WrongUsage(f"a difference in {', '.join(apart)}", "it is no mean over persons")
    config.check()
    # the baseline comes first: it is the shorter, and a wrong name for it should cost no time
    other = count(baseline, wanted_for(plain))
    counts = count(inputs, wanted_for(plain))
    tell_apart(counts, other)
    baselines, pooled = grouped(other, plain, config.by, config.roles)
    groups, notes = grouped(counts, plain, config.by, config.roles)
    scores, compared = compare(groups, baselines, plain, config)
    said = [*_of_counts(counts, config), *notes]
    said += [f"baseline: {note}" for note in [*_of_counts(other, config), *pooled]]
    return ScoreResult(scores, [*said, *compared], (counts, other))


Chosen = dict[str, Metric | Across]


def load_metrics(names: Sequence[str] | None) -> Chosen:
    """The metrics of these names (`all`, or None for the usual ones). Raises `WrongUsage`."""
    wanted = DEFAULT if names is None else [ALIASES.get(name, name) for name in names]
    if "all" in wanted:
        wanted = METRICS.names()
    return {name: METRICS.load(name) for name in dict.fromkeys(wanted)}


def wanted_for(chosen: Mapping[str, Metric | Across]) -> WantedCounts:
    """What has to be counted for these metrics."""
    needed = {
        one.measure: METRICS.load(one.measure) for one in chosen.values() if isinstance(one, Across)
    }
    measured = {**needed, **{k: v for k, v in chosen.items() if isinstance(v, Metric)}}
    measures = {name: one.measure for name, one in measured.items() if one.measure}
    composed = [name for name, one in measured.items() if one.composed]
    confusions = any(one.confusions for one in measured.values())
    return WantedCounts(measures, next(iter(composed), None), confusions)


def grouped(
    counts: Counts,
    chosen: Mapping[str, Metric | Across],
    by: Sequence[str] | None,
    roles: Sequence[Role],
) -> tuple[list[Group], list[str]]:
    """The groups of counts, with the cells that these metrics need, and what to tell a user."""
    ways = [name for name, one in chosen.items() if isinstance(one, Metric) and one.of == "measure"]
    ways += [one.measure for one in chosen.values() if isinstance(one, Across)]
    beside = "membership" in chosen
    labels = None if by is None else list(dict.fromkeys([*by, *["role"] * beside]))
    found = gather(counts, labels, [*roles, *["aux"] * beside], dict.fromkeys(ways))
    return join_untrained(found.groups), found.notes


def _beside(group: Group, chosen: Chosen) -> bool:
    """Whether a group is there only to be set beside others."""
    return "membership" in chosen and group.condition.get("role") == "aux"


def _score_group(estimator: Estimator, metrics: dict[str, Metric]) -> list[Score]:
    made = [
        estimator.score(name, metric, over)
        for name, metric in metrics.items()
        for over in metric.over
    ]
    return [score for score in made if score is not None]


def _notes(groups: list[Group], scores: list[Score], metrics: Sequence[str] | None) -> list[str]:
    """What stands on little."""
    notes = []
    if any(score.metric == "memory" and "chance taken as 0" in score.method for score in scores):
        notes.append("no rows of the untrained base: chance of a generated answer is taken as 0")
    few = sum(0 < score.personas < FEW_PERSONS for score in scores)
    if few:
        notes.append(f"{few} of {len(scores)} scores stand on fewer than {FEW_PERSONS} persons")
    notes += _too_few(scores)
    lacking = [name for name in metrics or () if name != "all"]
    found = {score.metric for score in scores}
    notes += [
        f"no rows have what the metric {name} needs; xmm help scoring says what that is"
        for name in lacking
        if ALIASES.get(name, name) not in found
    ]
    return notes + _never_together(groups)


def _of_counts(counts: Counts, config: ScoreConfig) -> list[str]:
    """What was read and does not count."""
    notes = list(counts.notes)
    if counts.repeated:
        notes.append(f"{counts.repeated} probe rows were given twice and count once")
    if counts.changed:
        notes.append(
            f"{counts.changed} questions were answered otherwise the next time, and the last "
            "answer counts; if the answers came from different models, give these different paths "
            "or labels"
        )
    others = sum(
        cell.rows
        for asked, cell in counts.asked.items()
        if asked.role not in config.roles and not (asked.role == "aux" and asked.task == "name")
    )
    if others:
        wanted = " or ".join(sorted(config.roles))
        notes.append(f"{others} probe rows of another role than {wanted} were left out")
    attacked = sum(cell.rows for asked, cell in counts.asked.items() if asked.attack is not None)
    if attacked and ATTACK not in (config.by or ()):
        notes.append(
            f"{attacked} probe rows under an attack were left out; --by attack shows them, each "
            "attack by itself"
        )
    if counts.unanswered:
        notes.append(f"{counts.unanswered} probe rows have neither answer nor rank")
    return notes


def _too_few(scores: list[Score]) -> list[str]:
    """Say which gaps could not be seen, where these are large."""
    blind = [
        score
        for score in scores
        if score.metric == "detectable_gap" and (score.value or 0) > LARGEST_UNSEEN
    ]
    if not blind:
        return []
    worst = max(blind, key=lambda score: score.value or 0)
    return [
        f"{worst.personas} persons show a gap of {100 * (worst.value or 0):.0f} points or more "
        "(at 80 % power): a smaller one may go unseen, so 'not clear' does not mean none"
    ]


def _never_together(groups: list[Group]) -> list[str]:
    """Say which labels keep pictures and descriptions apart, if something does."""
    trained = [group for group in groups if group.sources() & {"image", "text"}]
    sources = [group.sources() for group in trained]
    both = {"image", "text"}
    if any(both <= one for one in sources) or not both <= frozenset().union(*sources):
        return []
    image = [group for group in trained if "image" in group.sources()]
    text = [group for group in trained if "text" in group.sources()]
    names = {name for group in trained for name in group.condition}
    parting = sorted(
        name
        for name in names
        if not {str(group.condition.get(name)) for group in image}
        & {str(group.condition.get(name)) for group in text}
    )
    if not parting:
        return []
    return [
        "no group has both image- and text-trained models, so no asymmetry or cross-modal score: "
        f"they differ in {', '.join(parting)}; group by other labels to compare them"
    ]
