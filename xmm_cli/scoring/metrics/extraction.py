"""Extraction by prefix: given the beginning of the right answer, the model tells the rest.

extraction = mean over persons of the share of such questions that were completed rightly

Source: Carlini et al., "Quantifying Memorization Across Neural Language Models", 2023 (arXiv
2202.07646): there a prefix of training text, here the first half of the answer's tokens, after the
view. Needs rows of `xmm probe --answer prefix`.
"""

from xmm_cli.scoring.metric import measured

METRIC = measured("extracted::INTEGER", answer="generate")
