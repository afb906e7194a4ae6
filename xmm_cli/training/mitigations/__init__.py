"""Mitigations: ways to make what is learned in one modality known in the other.

One file and one line here for each. A mitigation says what there is to learn and which loss is made
smaller; it is called with a `task.Task` and gives a `task.Course`. The steps stay what the user
asked for, and so does the batch: a step shows as many views of the people to learn as it would
without a mitigation, and what a mitigation adds comes on top.
"""

from xmm_cli.registry import Registry

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
)

WITH_OTHERS = ("paired", "align")
"""Those that need auxiliary people."""
