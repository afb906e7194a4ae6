"""Objectives: what a training step makes smaller. One file and one line here for each.

In every formula, l is the mean answer-token negative log-likelihood over the examples of a set and
S an example's summed log-likelihood; F is the forget set, R the retain set (all that is learned,
when nothing is forgotten), ref the model before unlearning: the parent checkpoint, base and adapter
together. Means run over answer tokens of the batch, or over examples where S is used; never over
prompt, picture or padding. p is the probability of the right token, z the logits.

The sources train all weights; here only the adapter is trained, in every method.
"""

from xmm_cli.models.labels import RETRAIN
from xmm_cli.registry import Registry

_HERE = "xmm_cli.training.objectives."

OBJECTIVES = Registry(
    "objective",
    {
        "memorize": (_HERE + "memorize:memorize", "learn the answers"),
        "ga": (_HERE + "ga:ga", "gradient ascent on the forget set"),
        "graddiff": (
            _HERE + "graddiff:graddiff",
            "ascent on the forget set, descent on the retain set",
        ),
        "npo": (
            _HERE + "npo:npo",
            "negative preference against the model before, descent on the retain set",
        ),
        "kl": (_HERE + "kl:kl", "ascent, and near the model before on the retain set"),
        "simnpo": (_HERE + "simnpo:simnpo", "negative preference without a reference"),
        "idk": (_HERE + "idk:idk", "learn to answer that one does not know"),
        "dpo": (_HERE + "dpo:dpo", "prefer not knowing to the right answer"),
        "rmu": (_HERE + "rmu:rmu", "steer hidden states of the forget set to a random direction"),
        "undial": (_HERE + "undial:undial", "self-distillation with the right token made unlikely"),
        "wga": (_HERE + "wga:wga", "ascent, each token weighed by its probability"),
        "satimp": (_HERE + "satimp:satimp", "ascent, weighed by saturation and importance"),
        "pdu": (_HERE + "pdu:pdu", "flat logits, the retain loss bounded by a multiplier"),
        "ceu": (_HERE + "ceu:ceu", "the model's own answer with the right token ruled out"),
        "randomlabel": (_HERE + "randomlabel:randomlabel", "learn another person's name"),
        "mmunlearner": (
            _HERE + "mmunlearner:mmunlearner",
            "ascent on the weights that matter most to the forget set, then descent",
        ),
    },
    "xmm.objectives",
)

UNLEARNING = tuple(name for name in OBJECTIVES.names() if name not in ("memorize", RETRAIN))
"""Those that forget."""

METHODS = (*UNLEARNING, RETRAIN)
"""All that `xmm unlearn` can do."""
