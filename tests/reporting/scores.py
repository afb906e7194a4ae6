"""Score rows made directly."""

from xmm_cli.rows.types import Score

METHOD = "BCa bootstrap over persons, 9999 resamples, seed 0"


def score(metric="recall", source="text", modality="text", value=0.5, ends=(0.4, 0.6), **fields):
    """One row."""
    usual = {
        "answer": "generate",
        "task": "name",
        "split": "heldout",
        "level": 0.95,
        "n": 80,
        "personas": 20,
        "method": METHOD,
    }
    low, high = ends or (None, None)
    return Score(
        metric=metric,
        source=source,
        modality=modality,
        value=value,
        low=low,
        high=high,
        **(usual | fields),
    )


def absent(metric, source=None, modality=None, reason="memory image→image is only 0.04", **fields):
    """A row without a value."""
    return score(metric, source, modality, None, None, method=f"none: {reason}", **fields)


def study(**fields):
    """What both sources recall, generated."""
    fields = {"condition": {"views": 4, "objective": "memorize"}} | fields
    return [
        score("recall", None, "image", 0.0, (0.0, 0.17), **fields),
        score("recall", None, "text", 0.025, (0.0, 0.21), **fields),
        score("recall", "image", "image", 0.9875, (0.83, 1.0), **fields),
        score("recall", "image", "text", 0.45, (0.31, 0.59), **fields),
        score("recall", "text", "image", 0.2375, (0.125, 0.375), **fields),
        score("recall", "text", "text", 0.875, (0.775, 0.9375), **fields),
        score("memory", "image", "image", 0.9875, (0.83, 1.0), **fields),
        score("memory", "image", "text", 0.42, (0.29, 0.58), **fields),
        score("memory", "text", "image", 0.2375, (0.125, 0.375), **fields),
        score("memory", "text", "text", 0.871, (0.77, 0.9375), **fields),
        score("transfer_gap", "image", "text", 0.56, (0.32, 0.7), **fields),
        score("transfer_gap", "text", "image", 0.63, (0.49, 0.8), **fields),
        score("transfer_ratio", "image", "text", 0.43, (0.29, 0.62), **fields),
        score("transfer_ratio", "text", "image", 0.27, (0.11, 0.41), **fields),
        score("asymmetry", None, None, 0.16, (-0.033, 0.41), **fields),
        score("cross_modal_score", None, None, 0.34, (0.21, 0.45), **fields),
    ]


def study_ranked(**fields):
    """One source, ranked among 32."""
    fields = {"answer": "rank", "condition": {"views": 4, "objective": "memorize"}} | fields
    return [
        score("recall", None, "text", 0.0625, (0.0, 0.27), **fields),
        score("recall", "text", "text", 1.0, (0.83, 1.0), **fields),
        score("chance", "text", "text", 1 / 32, None, **fields | {"method": "chance 1/32"}),
        score("memory", "text", "text", 1.0, (0.83, 1.0), **fields),
    ]
