"""False recognition: the share of strangers' answers that are the name of someone taught.

false recognition = (1/P) Σ_p taught_p / asked_p, over persons p whom the model never met

asked_p: generated answers to the question for the name of stranger p (role `aux`); taught_p: those
that, normalised as for `recall`, are the name of a person with role `eval` whom the same checkpoint
was asked about. A model that calls strangers by taught names owes some of its recall to that: who
names anyone by one of N taught names hits the right one by chance in

chance of a name = false recognition / N

The untrained base, which knows none of these names, gives 0 by construction. Source: false alarms
in recognition memory, R. Macmillan, C. Creelman, "Detection Theory", 2nd ed. 2005, ch. 1.
"""

from xmm_cli.scoring.metric import TRAINED, Metric, mean


def chance_of_a_name(false_recognition: float, names: float) -> float:
    """What guessing earns when generating a name, with so many taught names (at least 1)."""
    return false_recognition / names


METRIC = Metric(formula=mean, over=TRAINED, of="measure", answer="generate")
