"""paired: l_R + l_P, other people's names learned in both modalities beside those to learn.

The baseline of the work on cross-modality memorization that xmm follows. l_R is the mean
answer-token negative log-likelihood of the people to learn, in their one modality; l_P that of
auxiliary people, each in a picture and in a description. What the adapter needs in order to name
them from either may serve the people to learn too.
"""

import torch

from xmm_cli.training.batch import Parts
from xmm_cli.training.mitigations.companions import accompanied, both_views
from xmm_cli.training.mitigations.task import LearnTask, TrainingPlan, with_others


@with_others
def paired(task: LearnTask) -> TrainingPlan:
    """The task's examples beside auxiliary people with their names."""
    return TrainingPlan(accompanied(task), names_of_both)


def names_of_both(parts: Parts) -> torch.Tensor:
    """l_R + l_P; l_P is the mean over pictures and over descriptions, a half each."""
    shown, told = both_views(parts)
    return parts.retain.nll() + (shown.nll() + told.nll()) / 2
