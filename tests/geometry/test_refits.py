"""Refits of units against weighted least squares, and that they never make matters worse."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leastloss.geometry.refits import refit_units, softmax_roots


def problem(
    seed: int, units: int = 4, n: int = 25, d: int = 5, columns: int = 3
) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return {
        "inputs": normal(n, d),
        "slopes": normal(n, units, columns),
        "residual": normal(n, columns),
        "mask": torch.rand(units, d, generator=generator) < 0.6,
        "chosen": torch.ones(units).bool(),
        "weights": torch.rand(n, generator=generator, dtype=torch.float64),
    }


def left(case: dict[str, Tensor], change: Tensor, shift: Tensor) -> float:
    """What is left of the weighted squared residual, to first order."""
    moved = torch.einsum("nuk,nu->nk", case["slopes"], case["inputs"] @ change.T + shift)
    return float(case["weights"] @ (case["residual"] - moved).square().sum(dim=1))


@pytest.mark.parametrize("bias", [True, False])
def test_one_unit_is_weighted_least_squares(bias: bool) -> None:
    case = problem(0, units=1)
    kept = case["mask"][0].numpy()
    change, shift = refit_units(**case, damping=1e-12, bias=bias)
    x = case["inputs"].numpy()[:, kept]
    x = np.column_stack([x, np.ones(len(x))]) if bias else x
    root = np.sqrt(case["weights"].numpy())[:, None]
    # One equation for each sample and column.
    design = (root * case["slopes"][:, 0].numpy())[:, :, None] * x[:, None, :]
    target = root * case["residual"].numpy()
    best = np.linalg.lstsq(design.reshape(-1, x.shape[1]), target.ravel(), rcond=None)[0]
    np.testing.assert_allclose(change[0, kept], best[: kept.sum()], rtol=1e-6, atol=1e-9)
    assert (change[0, ~kept] == 0).all()
    assert float(shift[0]) == pytest.approx(best[-1] if bias else 0.0, rel=1e-6)


def test_the_next_unit_sees_what_is_left() -> None:
    # Two units that do the same: the second has nothing to correct any more.
    case = problem(1, units=1)
    twice = case | {
        "slopes": case["slopes"].repeat(1, 2, 1),
        "mask": torch.ones(2, 5).bool(),
        "chosen": torch.ones(2).bool(),
    }
    change, shift = refit_units(**twice, damping=1e-9, bias=True)
    assert float(change[0].norm()) > 1e-2
    assert float(change[1].norm()) < 1e-6 * float(change[0].norm())
    assert abs(float(shift[1])) < 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-9, 1e-3, 1.0, 100.0]), st.booleans())
def test_the_linearised_residual_never_rises(seed: int, damping: float, bias: bool) -> None:
    case = problem(seed)
    one, zero = torch.zeros_like(case["mask"], dtype=torch.float64), torch.zeros(4).double()
    before = left(case, one, zero)
    last = before
    for units in range(1, 5):  # with ever more units refitted
        some = case | {"chosen": torch.arange(4) < units}
        change, shift = refit_units(**some, damping=damping, bias=bias)
        now = left(case, change, shift)
        assert now <= last * (1 + 1e-12)
        last = now
        assert (change[units:] == 0).all()
        assert (shift[units:] == 0).all()
        assert (change[~case["mask"]] == 0).all()
    assert last < before
    # Passes over what is left go on to fall.
    more = case | {"residual": case["residual"] - torch.einsum(
        "nuk,nu->nk", case["slopes"], case["inputs"] @ change.T + shift
    )}  # fmt: skip
    assert left(more, *refit_units(**more, damping=damping, bias=bias)) <= last * (1 + 1e-12)


def test_units_that_cannot_help_stay() -> None:
    case = problem(2)
    case["slopes"][:, 1] = 0.0  # never on
    case["mask"][2] = False  # has nothing but its bias
    change, shift = refit_units(**case, damping=1e-3, bias=True)
    assert (change[1:3] == 0).all()
    assert float(shift[1]) == 0.0
    assert float(shift[2]) != 0.0
    assert (refit_units(**case, damping=1e-3, bias=False)[0][1:3] == 0).all()
    case["inputs"].zero_()
    change, shift = refit_units(**case, damping=1e-3, bias=False)
    assert torch.isfinite(change).all()
    assert (shift == 0).all()


def test_samples_without_weight_count_nothing() -> None:
    case = problem(3)
    case["weights"][20:] = 0.0
    keys = ("inputs", "slopes", "residual", "weights")
    fewer = case | {key: case[key][:20] for key in keys}
    for one, other in zip(
        refit_units(**case, damping=0.1, bias=True),
        refit_units(**fewer, damping=0.1, bias=True),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-60, 60), min_size=2, max_size=6),
    st.floats(0.1, 10),
    st.floats(1e-4, 2),
)
def test_roots_give_the_metric_back(logits: list[float], temperature: float, floor: float) -> None:
    z = torch.tensor([logits, [0.0] * len(logits)], dtype=torch.float64)
    root = softmax_roots(z, temperature, floor)
    p = (z / temperature).softmax(dim=1)
    expected = (
        torch.diag_embed(p)
        - torch.einsum("ni,nj->nij", p, p)
        + floor * torch.eye(len(logits)).double()
    )
    torch.testing.assert_close(root.transpose(1, 2) @ root, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e-9])
def test_a_unit_that_hardly_moves_the_logits_stays_within_bounds(scale: float) -> None:
    case = problem(3)
    case["slopes"][:, 0] *= scale
    change, shift = refit_units(**case, damping=1e-3, bias=True)
    whole, _ = refit_units(**problem(3), damping=1e-3, bias=True)
    # On its own curvature's share alone the step would grow as 1 / scale.
    assert float(change[0].abs().max()) < 10 * float(whole.abs().max())
    assert float(shift[0].abs()) < 10 * float(whole.abs().max())
