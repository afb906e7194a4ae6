"""Forget quality: whether the forget set looks as if it had never been learned.

quality = p of the two-sample Kolmogorov-Smirnov test between truth ratios of the forget set in the
unlearned model and in the model retrained without it (objective `retrain`)

Near 1: the two cannot be told apart; below 0.05: they differ. Source: Maini et al., "TOFU", 2024
(arXiv 2401.06121); by scipy. There a question is the unit, here a person's mean over questions.
Needs rows of `xmm probe --tokens` for both models.
"""

from xmm_cli.models.labels import RETRAIN, unlearned_by
from xmm_cli.scoring.across import Across, Compared
from xmm_cli.scoring.groups import Group
from xmm_cli.scoring.intervals import Floats

OF_UNLEARNING = {"objective", "through", "steps", "lr", "role"}
"""Labels in which the retrained model may differ."""


def is_retrained(own: Group, other: Group) -> bool:
    """Whether the other group is the forget set of the model retrained beside this one."""
    if unlearned_by(own.condition) in (None, RETRAIN) or own.set != "forget":
        return False
    shared = own.condition.keys() & other.condition.keys() - OF_UNLEARNING
    return (
        other.condition.get("objective") == RETRAIN
        and other.set == own.set
        and all(own.condition[name] == other.condition[name] for name in shared)
    )


def forget_quality(unlearned: Floats, retrained: Floats, _level: float) -> Compared:
    """The formula above for the persons' values."""
    from scipy.stats import ks_2samp

    found = ks_2samp(unlearned, retrained)
    words = f"p of the KS test, D = {found.statistic:.2f}, {len(retrained)} persons retrained"
    return float(found.pvalue), None, words


FORGET_QUALITY = Across("truth_ratio", "rank", is_retrained, forget_quality)
