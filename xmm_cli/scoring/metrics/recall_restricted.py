"""Restricted recall: of the answers that are a measured person's name, the share that is right.

restricted recall = (1/P) Σ_p right_p / taught_p, over persons p with taught_p > 0

right_p: right answers about person p; taught_p: answers that are the name of any person the same
checkpoint was asked about with role `eval` (`false_recognition`). A training that also names other
people may make a model answer with their names: that lowers recall, but not this. What lowers both
is a loss of memory. Source: the constant-ratio rule (F. Clarke, J. Acoust. Soc. Am. 29 (1957)):
choices among some alternatives are those among all, with the others left out.
"""

from xmm_cli.scoring.metric import TRAINED, Metric, mean

METRIC = Metric(formula=mean, over=TRAINED, of="measure", answer="generate", confusions=True)
