"""How alike the hidden states of two modalities are: nearest neighbours and kernel alignment.

Everything is computed in float64. What varies less than `NOTHING` of its size does not vary.
"""

import torch

NOTHING = 1e-6
PERMUTATIONS = 100


def same_is_nearest(
    views: torch.Tensor, others: torch.Tensor, who: torch.Tensor, who_else: torch.Tensor
) -> torch.Tensor:
    """Bool `(n,)`: whether the nearest of the other views is of the same person.

    `views` `(n, width)` and `others` `(m, width)` are the two modalities, `who` `(n,)` and
    `who_else` `(m,)` the persons. Near is what has a high cosine once each modality has been
    centred by its own mean. A tie between persons counts against the view, and so does a modality
    whose views are all the same.
    """
    near = _directions(views) @ _directions(others).T
    same = who[:, None] == who_else[None, :]
    best_same = near.masked_fill(~same, -torch.inf).amax(1)
    best_other = near.masked_fill(same, -torch.inf).amax(1)
    return best_same > best_other + NOTHING


def _directions(views: torch.Tensor) -> torch.Tensor:
    """Centred rows of length 1; a row that is the mean itself stays zero."""
    views = views.double()
    centred = views - views.mean(0)
    length = centred.norm(dim=1, keepdim=True)
    nothing = length <= NOTHING * views.norm(dim=1).mean()
    return (centred / length).masked_fill(nothing, 0.0)


def linear_cka(one: torch.Tensor, other: torch.Tensor) -> float | None:
    r"""Linear centred kernel alignment of two descriptions of the same persons; from 0 to 1.

    `one` `(persons, width)` and `other` `(persons, any width)` have a person in the same row.
    With centred columns :math:`\|Y^T X\|_F^2 / (\|X^T X\|_F \|Y^T Y\|_F)`, as in Kornblith et al.
    2019, arXiv 1905.00414, section 3. It is biased upwards where persons are not many more than
    the width: set `permuted_cka` beside it. None where a side does not vary.
    """
    grams = _grams(one, other)
    return None if grams is None else float((grams[0] * grams[1]).sum())


def permuted_cka(one: torch.Tensor, other: torch.Tensor, seed: int) -> float | None:
    """What `linear_cka` gives without anything in common: its mean with persons permuted.

    Over `PERMUTATIONS` of the persons of `other`, drawn by the seed.
    """
    grams = _grams(one, other)
    if grams is None:
        return None
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(PERMUTATIONS):
        order = torch.randperm(len(other), generator=generator)
        found.append((grams[0] * grams[1][order][:, order]).sum())
    return float(torch.stack(found).mean())


def _grams(one: torch.Tensor, other: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Both centred Gram matrices `(persons, persons)` of norm 1; None where one is zero."""
    grams = []
    for side in (one.double(), other.double()):
        centred = side - side.mean(0)
        if centred.norm() <= NOTHING * side.norm():
            return None
        gram = centred @ centred.T
        grams.append(gram / gram.norm())
    return grams[0], grams[1]
