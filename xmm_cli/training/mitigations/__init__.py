"""Mitigations: ways to make what is learned in one modality known in the other.

One file and one line here for each. A mitigation says what there is to learn and which loss is made
smaller; it is called with a `task.Task` and gives a `task.TrainingPlan`. The steps stay what the
user asked for, and so does the batch: a step shows as many views of the people to learn as it would
without a mitigation, and what a mitigation adds comes on top.
"""

from typing import TYPE_CHECKING

from xmm_cli.registry import Registry

if TYPE_CHECKING:
    from xmm_cli.training.mitigations.task import LearnTask, Mitigation, TrainingPlan

MITIGATIONS = Registry(
    "mitigation",
    {
        "paired": (
            "xmm_cli.training.mitigations.paired:paired",
            "also learn the names of other people, in both modalities",
        ),
        "self-caption": (
            "xmm_cli.training.mitigations.self_caption:self_caption",
            "describe, then name; and name from the model's own description",
        ),
        "align": (
            "xmm_cli.training.mitigations.align:align",
            "answer alike whether other people are shown or described, without their names",
        ),
    },
    "xmm.mitigations",
)


def needs_others(name: str | None) -> bool:
    """Whether a mitigation needs auxiliary people; none does not.

    Raises `WrongUsage`, `Unavailable`.
    """
    return name is not None and getattr(MITIGATIONS.load(name), "needs_others", False)


def planned(task: "LearnTask") -> "TrainingPlan":
    """What the mitigation of the task's settings makes of it, with its hyper-parameters.

    Raises `WrongUsage`, `Unavailable`, and what the mitigation raises.
    """
    settings = task.settings
    name = MITIGATIONS.check(settings.mitigation or "")
    config = MITIGATIONS.config(name, settings.hyperparameters)
    mitigation: Mitigation = MITIGATIONS.load(name)
    return mitigation(task) if config is None else mitigation(task, config=config)
