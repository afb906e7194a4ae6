"""align: l_R + w C, where C asks for like answers to a picture and a description of one person.

The people of C are auxiliary ones and their names are never used. Let a_i and b_i be the logits of
the first answer token to the name question about person i in a picture and in a description, each
minus its mean over the vocabulary and scaled to length 1. With s_ij = a_i · b_j / t and n people in
a batch,

    C = -1/(2n) sum_i [log softmax_j(s_ij)_i + log softmax_j(s_ji)_i]

(InfoNCE in both directions; Oord et al., arXiv 1807.03748; Radford et al., arXiv 2103.00020). The
others in the batch keep the model from answering everyone alike, which a divergence between the two
answers alone would reward.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Part, Parts
from xmm_cli.training.mitigations.companions import accompanied, both_views
from xmm_cli.training.mitigations.task import LearnTask, TrainingPlan, with_others


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    weight: Annotated[float, Meta(ge=0)] = 0.3
    """w: that of C beside the loss of the people to learn."""
    temperature: Annotated[float, Meta(gt=0)] = 0.1
    """t: how sharply the people in a batch are told apart."""


DEFAULTS = Config()


@with_others
def align(task: LearnTask, config: Config = DEFAULTS) -> TrainingPlan:
    """The task's examples beside auxiliary people without their names."""
    return TrainingPlan(accompanied(task), partial(like_answers, config=config))


def like_answers(parts: Parts, config: Config = DEFAULTS) -> torch.Tensor:
    """l_R + w C."""
    shown, told = both_views(parts)
    near = first_answers(shown) @ first_answers(told).T / config.temperature
    own = torch.arange(len(near), device=near.device)
    cross = torch.nn.functional.cross_entropy
    return parts.retain.nll() + config.weight * (cross(near, own) + cross(near.T, own)) / 2


def first_answers(part: Part) -> torch.Tensor:
    """float32 `(examples, vocabulary)`: centred logits of each first answer token, of length 1."""
    first = torch.ones_like(part.rows, dtype=torch.bool)
    first[1:] = part.rows[1:] != part.rows[:-1]
    logits = part.logits[first].float()
    centred = logits - logits.mean(dim=1, keepdim=True)
    return torch.nn.functional.normalize(centred, dim=1)
