"""Likeness of two modalities, on vectors whose likeness is known."""

import pytest
import torch

from xmm_cli.probing.similarity import linear_cka, permuted_cka, same_is_nearest

PEOPLE, WIDTH = 6, 9


@pytest.fixture
def states() -> torch.Tensor:
    return torch.randn(PEOPLE, WIDTH, generator=torch.Generator().manual_seed(3))


def rotation(width: int) -> torch.Tensor:
    return torch.linalg.qr(torch.randn(width, width, dtype=torch.float64))[0].float()


def test_alignment_with_itself_is_one(states):
    assert linear_cka(states, states) == pytest.approx(1)


def test_alignment_does_not_see_rotation_scale_or_shift(states):
    other = torch.randn(PEOPLE, 4, generator=torch.Generator().manual_seed(4))
    expected = linear_cka(states, other)
    assert 0 < expected < 1
    assert linear_cka(states @ rotation(WIDTH), other) == pytest.approx(expected, abs=1e-6)
    assert linear_cka(3 * states + 7, other) == pytest.approx(expected, abs=1e-5)
    assert linear_cka(other, states) == pytest.approx(expected)
    assert linear_cka(states @ rotation(WIDTH), states) == pytest.approx(1, abs=1e-6)


def test_alignment_is_the_formula(states):
    other = torch.randn(PEOPLE, 4, generator=torch.Generator().manual_seed(4))
    x, y = (one.double() - one.double().mean(0) for one in (states, other))
    expected = (y.T @ x).norm() ** 2 / ((x.T @ x).norm() * (y.T @ y).norm())
    assert linear_cka(states, other) == pytest.approx(float(expected))


def test_alignment_by_hand():
    """Persons at -1, 0, 1 on a line, and at 1, -2, 1: nothing in common."""
    one = torch.tensor([[-1.0], [0.0], [1.0]])
    assert linear_cka(one, torch.tensor([[1.0], [-2.0], [1.0]])) == pytest.approx(0)
    assert linear_cka(one, torch.tensor([[5.0], [3.0], [1.0]])) == pytest.approx(1)


def test_alignment_of_what_does_not_vary_is_undefined(states):
    same = states[:1].expand(PEOPLE, -1)
    assert linear_cka(states, same) is None
    assert linear_cka(same, states) is None
    assert permuted_cka(states, same, 0) is None


def test_permuted_persons_are_the_chance_of_alignment():
    """Three persons on a line each: the six orders give 1, 1 and four times 1/4."""
    line = torch.tensor([[-1.0], [0.0], [1.0]])
    found = permuted_cka(line, line, 0)
    assert found == pytest.approx(0.5, abs=0.1)
    assert permuted_cka(line, line, 0) == found
    assert permuted_cka(line, line, 1) != found


def test_nearest_of_clean_clusters(states):
    who = torch.arange(PEOPLE).repeat_interleave(2)
    views = states[who] + 0.01 * torch.randn(2 * PEOPLE, WIDTH)
    assert same_is_nearest(views, states + 100, who, torch.arange(PEOPLE)).all()
    turned = torch.arange(PEOPLE).roll(1)
    assert not same_is_nearest(views, states, who, turned).any()


def test_nearest_by_hand():
    """Centred, the views point right, left, up and down; the others right, up, left, down."""
    views = torch.tensor([[5.0, 0], [-5, 0], [0, 5], [0, -5]]) + 3
    others = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]]) - 8
    who, who_else = torch.tensor([0, 1, 2, 0]), torch.tensor([0, 1, 1, 2])
    assert same_is_nearest(views, others, who, who_else).tolist() == [True, True, False, False]


def test_a_tie_between_persons_is_no_ones(states):
    same = states[:1].expand(PEOPLE, -1)
    who = torch.arange(PEOPLE)
    assert not same_is_nearest(same, states, who, who).any()
    assert not same_is_nearest(states, same, who, who).any()
    twins = torch.cat([states, states])
    both = torch.cat([who, who])
    assert same_is_nearest(states, twins, who, both).all()
    assert not same_is_nearest(states, twins, who, torch.arange(2 * PEOPLE)).any()


def test_someone_without_views_in_the_other_modality_is_not_found(states):
    who = torch.arange(PEOPLE)
    found = same_is_nearest(states, states[1:], who, who[1:])
    assert not found[0]
