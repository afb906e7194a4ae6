"""The probe on hidden states: it reads people whom it was not fitted to, and no one from noise."""

import pytest
import torch

from xmm_cli.probing.attacks.hidden import FOLDS, PENALTIES, _Fit, read_by_others, scores

PEOPLE, VIEWS, WIDTH = 30, 4, 48


def fit_of(states: torch.Tensor, out: torch.Tensor, right: torch.Tensor) -> _Fit:
    states = states - states.mean(0)
    size = states.pow(2).sum(1).mean()
    return _Fit(states @ states.T / size, states @ out.T, out[right] @ out.T)


@pytest.fixture
def world():
    """States that are a rotation, with noise, of the output weights of who is shown."""
    draw = torch.Generator().manual_seed(3)
    out = torch.randn(PEOPLE, WIDTH, generator=draw, dtype=torch.float64)
    out = torch.nn.functional.normalize(out, dim=1)
    out = out - out.mean(0)
    right = torch.arange(PEOPLE).repeat_interleave(VIEWS)
    noise = torch.randn(len(right), WIDTH, generator=draw, dtype=torch.float64)
    return out, right, noise, draw


def test_it_is_ridge_regression_around_the_lens(world):
    """Against the primal: B = s I + (X'X + l)^-1 X'(Y - s X), by its definition."""
    out, right, noise, _ = world
    states = out[right] + 0.05 * noise
    states = states - states.mean(0)
    fit = fit_of(states, out, right)
    train, test = torch.arange(80), torch.arange(80, len(right))
    for penalty in PENALTIES:
        x, y = states[train], out[right[train]]
        scale = (fit.lens[train] * fit.names[train]).sum() / fit.lens[train].pow(2).sum()
        ridge = penalty * states.pow(2).sum(1).mean()
        solved = torch.linalg.solve(
            x.T @ x + ridge * torch.eye(WIDTH, dtype=x.dtype), x.T @ (y - scale * x)
        )
        expected = states[test] @ (scale * torch.eye(WIDTH, dtype=x.dtype) + solved) @ out.T
        assert torch.allclose(scores(fit, train, test, penalty), expected)


def test_it_reads_people_whom_it_was_not_fitted_to(world):
    out, right, noise, _ = world
    nothing = fit_of(noise, out, right)
    clear = fit_of(out[right] + 0.05 * noise, out, right)
    folds = right % FOLDS
    read, layers = read_by_others([nothing, clear, nothing], right, folds)
    assert (read.argmax(1) == right).double().mean() > 0.95
    assert set(layers) == {1}


def test_it_reads_no_one_from_noise(world):
    out, right, noise, _ = world
    read, _ = read_by_others([fit_of(noise, out, right)] * 2, right, right % FOLDS)
    assert (read.argmax(1) == right).double().mean() < 0.15


def test_who_is_read_does_not_train_the_probe(world):
    """With the right answers of one fold exchanged, that fold is read as before."""
    out, right, noise, _ = world
    states = out[right] + 0.3 * noise
    folds = right % FOLDS
    read, _ = read_by_others([fit_of(states, out, right)], right, folds)
    wrong = torch.where(folds == 0, (right + FOLDS) % PEOPLE, right)
    again, _ = read_by_others([fit_of(states, out, wrong)], wrong, folds)
    assert torch.allclose(read[folds == 0], again[folds == 0])
