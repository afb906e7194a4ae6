"""The metrics: one file and one line here for each."""

from xmm_cli.registry import Registry

METRICS = Registry(
    "metric",
    {
        "recall": ("xmm_cli.scoring.metrics.recall:METRIC", "share of right answers"),
        "chance": ("xmm_cli.scoring.metrics.chance:METRIC", "what guessing earns"),
        "memory": ("xmm_cli.scoring.metrics.memory:METRIC", "recall corrected for chance"),
        "transfer_gap": (
            "xmm_cli.scoring.metrics.transfer_gap:METRIC",
            "memory lost when asked in the other modality",
        ),
        "transfer_ratio": (
            "xmm_cli.scoring.metrics.transfer_ratio:METRIC",
            "part of the memory that is kept in the other modality",
        ),
        "asymmetry": (
            "xmm_cli.scoring.metrics.asymmetry:METRIC",
            "transfer ratio of image to text minus that of text to image",
        ),
        "cross_modal_score": (
            "xmm_cli.scoring.metrics.cross_modal_score:METRIC",
            "geometric mean of the two transfer ratios",
        ),
        "leak": (
            "xmm_cli.scoring.metrics.leak:METRIC",
            "what is left of the forget set in the modality not unlearned through",
        ),
        "detectable_gap": (
            "xmm_cli.scoring.metrics.detectable_gap:METRIC",
            "smallest gap that so many persons can show",
        ),
        "edit_similarity": (
            "xmm_cli.scoring.metrics.edit_similarity:METRIC",
            "how much of the answer is right, by letters",
        ),
        "token_f1": ("xmm_cli.scoring.metrics.token_f1:METRIC", "the same, by words"),
        "logprob": ("xmm_cli.scoring.metrics.logprob:METRIC", "log-probability, in nats"),
        "mean_rank": ("xmm_cli.scoring.metrics.mean_rank:METRIC", "of the right answer, 1 is best"),
        "mean_reciprocal_rank": (
            "xmm_cli.scoring.metrics.mean_reciprocal_rank:METRIC",
            "mean of 1 / rank",
        ),
        "exposure": ("xmm_cli.scoring.metrics.exposure:METRIC", "log2 candidates - log2 rank"),
        "min_k": (
            "xmm_cli.scoring.metrics.min_k:METRIC",
            "log-probability of the least likely fifth of tokens",
        ),
        "truth_ratio": (
            "xmm_cli.scoring.metrics.truth_ratio:METRIC",
            "log10 of how likely wrong answers are beside the right one",
        ),
        "extraction": (
            "xmm_cli.scoring.metrics.extraction:METRIC",
            "share of answers completed from their beginning",
        ),
        "compositional_gap": (
            "xmm_cli.scoring.metrics.compositional_gap:METRIC",
            "two hops fail though each is known",
        ),
        "false_recognition": (
            "xmm_cli.scoring.metrics.false_recognition:METRIC",
            "share of strangers who are given a taught name",
        ),
        "recall_restricted": (
            "xmm_cli.scoring.metrics.recall_restricted:METRIC",
            "recall among answers that are a taught name",
        ),
        "refusal": (
            "xmm_cli.scoring.metrics.said_instead:REFUSAL",
            "share of answers that say they do not know",
        ),
        "another_name": (
            "xmm_cli.scoring.metrics.said_instead:ANOTHER_NAME",
            "share of answers that name another taught person",
        ),
        "invention": (
            "xmm_cli.scoring.metrics.said_instead:INVENTION",
            "share of answers that are a name nobody has",
        ),
        "answer_stability": (
            "xmm_cli.scoring.metrics.said_instead:STABILITY",
            "chance that two answers about a person agree",
        ),
        "forget_quality": (
            "xmm_cli.scoring.metrics.forget_quality:FORGET_QUALITY",
            "whether truth ratios are those of the retrained model",
        ),
        "membership": (
            "xmm_cli.scoring.metrics.membership:MEMBERSHIP",
            "whether Min-K% tells those taught from strangers",
        ),
    },
    "xmm.metrics",
)

DEFAULT = METRICS.names()[: METRICS.names().index("detectable_gap") + 1]
"""What is scored unless metrics are named; the rest costs time, or needs rows of special probes."""
COMPARED = ["recall", "transfer_gap", "transfer_ratio", "asymmetry", "cross_modal_score", "leak"]
"""What two runs are compared in, unless metrics are named."""
ALIASES = {"exact_match": "recall", "rank": "mean_rank", "mrr": "mean_reciprocal_rank"}
"""Other names under which a metric is known."""
