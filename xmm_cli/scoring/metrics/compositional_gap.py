"""Compositional gap: two hops fail although each hop alone succeeds.

gap = share of two-hop questions answered wrongly, of those whose name (from the same view) and
whose fact (by name) were both answered rightly; per person, then the mean over persons

Source: Press et al., "Measuring and Narrowing the Compositionality Gap in Language Models", 2022
(arXiv 2210.03350). Only persons who know both parts of some question count.
"""

from xmm_cli.scoring.metric import TRAINED, Metric, mean

METRIC = Metric(formula=mean, over=TRAINED, of="measure", answer="generate", composed=True)
