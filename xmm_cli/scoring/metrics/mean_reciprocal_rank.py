"""Mean reciprocal rank: 1 where the right answer is ranked first, 1/2 where second, and so on.

MRR = mean over persons of the mean of 1 / rank

Source: E. Voorhees, "The TREC-8 Question Answering Track Report", 1999.
"""

from xmm_cli.scoring.metric import measured

METRIC = measured("1.0 / rank", answer="rank")
