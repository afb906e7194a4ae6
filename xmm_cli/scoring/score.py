"""From probe rows to score rows: every metric in every group of comparable cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xmm_cli.errors import WrongUsage
from xmm_cli.rows.types import Probe, Role, Score
from xmm_cli.scoring.estimate import FEW_PERSONS, Estimator
from xmm_cli.scoring.groups import ANSWERS, Group, gather
from xmm_cli.scoring.metric import Metric
from xmm_cli.scoring.metrics import METRICS
from xmm_cli.scoring.sql import count_files
from xmm_cli.scoring.tally import Tally
from xmm_cli.scoring.untrained import join_untrained


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """The defaults of `score_rows`."""

    level: float = 0.95
    """Confidence level of the intervals."""
    resamples: int = 9999
    seed: int = 0
    roles: tuple[Role, ...] = ("eval",)


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The score rows, and what a user should be told about them."""

    rows: list[Score]
    notes: list[str]


DEFAULTS = ScoreConfig()


def score_rows(
    rows: Iterable[Probe],
    *,
    by: Sequence[str] | None = None,
    level: float = DEFAULTS.level,
    resamples: int = DEFAULTS.resamples,
    seed: int = DEFAULTS.seed,
    roles: Sequence[Role] = DEFAULTS.roles,
    metrics: Sequence[str] | None = None,
) -> ScoreResult:
    """Score probe rows, which are read once and not kept.

    `by` names the condition labels that part groups; persons are pooled over the others. By default
    every label parts them, and `base`, `hops` and `role` do where they differ. `metrics` are names
    of the registry, all by default. The same rows in any order give the same scores, unless a
    question stands twice with different answers: then the last one counts.

    Raises:
        WrongUsage: an option out of range, an unknown metric, or a label in `by` on no row.
    """
    tally = Tally(roles)
    for row in rows:
        tally.add(row)
    return score_tally(tally, by=by, level=level, resamples=resamples, seed=seed, metrics=metrics)


def score_files(
    files: Sequence[str],
    *,
    by: Sequence[str] | None = None,
    level: float = DEFAULTS.level,
    resamples: int = DEFAULTS.resamples,
    seed: int = DEFAULTS.seed,
) -> ScoreResult | None:
    """`score_rows` of large plain files, many times faster; None where rows must be read singly."""
    counts = count_files(files, DEFAULTS.roles)
    if counts is None:
        return None
    tally = Tally.of(counts, DEFAULTS.roles)
    return score_tally(tally, by=by, level=level, resamples=resamples, seed=seed)


def score_tally(
    tally: Tally,
    *,
    by: Sequence[str] | None = None,
    level: float = DEFAULTS.level,
    resamples: int = DEFAULTS.resamples,
    seed: int = DEFAULTS.seed,
    metrics: Sequence[str] | None = None,
) -> ScoreResult:
    """Score what was counted; `score_rows` says what the options are. Raises as it does."""
    if not 0 < level < 1:
        raise WrongUsage(f"a confidence level of {level:g}", "give one between 0 and 1, like 0.95")
    if resamples < 100:
        raise WrongUsage(f"{resamples} resamples", "give 100 at least; 9999 is usual")
    chosen = {name: METRICS.load(name) for name in METRICS.names() if metrics is None}
    chosen |= {name: METRICS.load(name) for name in metrics or ()}
    groups = join_untrained(gather(tally, None if by is None else list(by)))
    scores = [
        score
        for group in groups
        for answer in ANSWERS
        for score in _score_group(Estimator(group, answer, level, resamples, seed), chosen)
    ]
    return ScoreResult(scores, _notes(tally, groups, scores))


def _score_group(estimator: Estimator, metrics: dict[str, Metric]) -> list[Score]:
    made = [
        estimator.score(name, metric, over)
        for name, metric in metrics.items()
        for over in metric.over
    ]
    return [score for score in made if score is not None]


def _notes(tally: Tally, groups: list[Group], scores: list[Score]) -> list[str]:
    """What was left out, and what stands on little."""
    notes = []
    if tally.repeated:
        notes.append(f"{tally.repeated} repeated probe rows were counted once")
    if tally.changed:
        notes.append(
            f"{tally.changed} of them answered otherwise than before, and the last answer counts; "
            "if they came from different models, give these different paths or labels"
        )
    if tally.other_role:
        wanted = " or ".join(sorted(tally.roles))
        notes.append(f"{tally.other_role} probe rows of another role than {wanted} were left out")
    if tally.unanswered:
        notes.append(f"{tally.unanswered} probe rows have neither answer nor rank")
    if any(score.metric == "memory" and "chance taken as 0" in score.method for score in scores):
        notes.append("no rows of the untrained base: chance of a generated answer is taken as 0")
    few = sum(0 < score.personas < FEW_PERSONS for score in scores)
    if few:
        notes.append(f"{few} of {len(scores)} scores stand on fewer than {FEW_PERSONS} persons")
    return notes + _never_together(groups)


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
