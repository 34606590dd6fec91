"""Wide layers step by step, against their solution."""

import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from leastloss.geometry import compensation, inverse_diagonals, masked_least_squares, wide_layers
from leastloss.geometry.compensation import is_wide


def wide_problem(d: int = 60) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Moments of rectified, correlated inputs; weights, the largest of which are kept."""
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn(4 * d, d // 4, generator=generator) @ torch.randn(
        d // 4, d, generator=generator
    )
    x = (mixed / (d // 4) ** 0.5 + 0.3 * torch.randn(4 * d, d, generator=generator)).relu().double()
    moments, weights = x.T @ x / len(x), torch.randn(d, d, generator=generator).double()
    ridge = torch.full((d,), 1e-3 * float(moments.diagonal().mean())).double()
    kept = weights.abs().argsort(dim=1, descending=True)[:, : d // 3]
    mask = torch.zeros(d, d, dtype=torch.bool).scatter_(1, kept, True)
    return moments, moments @ weights.T, mask, ridge, weights


def error(moments: Tensor, fitted: Tensor, weights: Tensor) -> float:
    return float((((fitted - weights) @ moments) * (fitted - weights)).sum())


def test_steps_come_near_the_solution_of_wide_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, cross, mask, ridge, weights = wide_problem()
    exact = masked_least_squares(moments, cross, mask, ridge)
    monkeypatch.setattr(compensation, "EXACT", 0)
    stepped = masked_least_squares(moments, cross, mask, ridge, start=weights * mask)
    assert not torch.equal(stepped, exact)
    assert (stepped[~mask] == 0).all()
    best, plain = error(moments, exact, weights), error(moments, weights * mask, weights)
    assert best < error(moments, stepped, weights) + 1e-9 < 1.01 * best
    assert plain > 1.5 * best
    monkeypatch.setattr(wide_layers, "STEPS", 0)
    still = masked_least_squares(moments, cross, mask, ridge, start=weights * mask)
    torch.testing.assert_close(still, weights * mask, rtol=1e-5, atol=1e-6)


def test_rows_that_keep_nothing_or_have_no_target_stay_zero() -> None:
    moments, cross, mask, ridge, _ = wide_problem()
    mask[0], cross[:, 1] = False, 0.0
    weights = wide_layers.conjugate_gradients(moments, cross, mask, ridge)
    assert not weights[:2].any()
    assert torch.isfinite(weights).all()


def test_costs_of_wide_layers_lie_between_their_bounds_and_rank_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments, cross, mask, ridge, weights = wide_problem()
    exact = inverse_diagonals(moments, mask, ridge)
    monkeypatch.setattr(compensation, "EXACT", 0)
    about = inverse_diagonals(moments, mask, ridge)
    assert (about[~mask] == 0).all()
    whole = moments + torch.diag(ridge)
    least = whole.diagonal().reciprocal().expand_as(mask)
    most = torch.linalg.inv(whole).diagonal().expand_as(mask)
    assert (about[mask] >= least[mask] * (1 - 1e-9)).all()
    assert (about[mask] <= most[mask] * (1 + 1e-9)).all()
    costs = [(weights.square() / diagonal)[mask] for diagonal in (exact, about)]
    assert spearmanr(*costs).statistic > 0.95
    filled = torch.zeros_like(exact)
    masked_least_squares(moments, cross, mask, ridge, diagonals=filled)
    assert torch.equal(filled, about)


def test_rows_that_share_one_support_are_never_wide() -> None:
    assert not is_wide(torch.ones(4096, 4096, dtype=torch.bool))
    assert is_wide(torch.rand(4096, 4096, generator=torch.Generator().manual_seed(0)) < 0.5)
