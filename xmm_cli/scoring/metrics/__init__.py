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
    },
)
