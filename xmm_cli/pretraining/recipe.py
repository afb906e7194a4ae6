"""What makes a shipped base: its size, what it sees, and for how long it learns each thing."""

from dataclasses import dataclass, field

from xmm_cli.pretraining.architecture import Size
from xmm_cli.pretraining.stages import Stage
from xmm_cli.pretraining.teach import Lesson


@dataclass(frozen=True, slots=True)
class Recipe:
    """One base of the ladder.

    `figures` public figures are met in both modalities in the last stage; they are what makes a
    name learned in one modality reachable from the other. None gives the barest base.
    """

    size: Size = field(default_factory=Size)
    pictures: int = 32_000
    held_out: int = 1_000
    figures: int = 128
    figure_views: int = 10
    figure_share: float = 0.55
    seed: int = 0
    vision: Stage = Stage("vision", steps=2400, batch=128, learning_rate=1e-3, warmup=100)
    language: Stage = Stage("language", steps=1200, batch=40, learning_rate=2e-3, warmup=100)
    alignment: Stage = Stage("alignment", steps=600, batch=40, learning_rate=1e-3, warmup=50)


RECIPES = {
    "xmm-base-bare": Recipe(figures=0),
    "xmm-base-xs": Recipe(size=Size(width=96, layers=2, feed_forward=256)),
    "xmm-base-s": Recipe(size=Size(width=128, layers=3, feed_forward=344)),
    "xmm-base": Recipe(),
}
"""The ladder: from small to large, with the same figures, and the default size without any.

All share one vision tower, so they see the same.
"""


@dataclass(frozen=True, slots=True)
class GraftRecipe:
    """A rung that is made from SmolLM2, by one lesson.

    `begins` names the rung whose shipped parts it goes on from; without it the projector starts
    with the words of the language model, and the delta at zero.
    """

    lesson: Lesson
    begins: str | None = None
    figures: int = 0
    figure_share: float = 0.0
    figure_views: int = 10
    unseen_views: int = 2
    pictures: int = 8_000
    first_taught: int = 1_000
    """Pictures before it were never seen, by the tower neither."""
    held_out: int = 100
    plain: int = 200
    plain_share: float = 0.1
    shown_share: float = 0.65
    seed: int = 0


GRAFTS = {
    "xmm-smollm2-bare": GraftRecipe(
        Lesson("look", 480, 8, {"projector": 1e-3, "delta": 1e-3}), shown_share=0.55
    ),
    "xmm-smollm2": GraftRecipe(
        Lesson("name", 200, 8, {"projector": 5e-4, "delta": 1e-3}),
        begins="xmm-smollm2-bare",
        figures=64,
        figure_share=0.6,
        shown_share=0.5,
    ),
}
"""With the same language model and tower: without public figures and with them."""
