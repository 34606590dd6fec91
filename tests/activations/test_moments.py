"""Second moments of inputs, against sums that are spelled out."""

import pytest
import torch
from tests.criteria.cases import Residual, residual, split
from torch import Tensor, nn
from torch.nn import functional

from leastloss.activations import Draws, Samples, draws, moments
from leastloss.activations.moments import (
    input_second_moments,
    layer_rows,
    moments_of,
    ridge_of,
)
from leastloss.errors import InputError


def summed(rows: Tensor, others: Tensor, weights: Tensor) -> Tensor:
    n, positions, groups, d = rows.shape
    total = torch.zeros(groups, d, others.shape[3], dtype=torch.float64)
    for i in range(n):
        for p in range(positions):
            for g in range(groups):
                total[g] += weights[i] / positions * torch.outer(rows[i, p, g], others[i, p, g])
    return total


def test_moments_are_sums_over_samples_and_means_over_positions() -> None:
    generator = torch.Generator().manual_seed(0)
    rows, others = (torch.randn(5, 3, 2, d, generator=generator).double() for d in (4, 6))
    weights = torch.rand(5, generator=generator).double()
    torch.testing.assert_close(moments_of(rows, others, weights), summed(rows, others, weights))


def test_weights_may_lie_on_another_device_than_the_network() -> None:
    rows = torch.empty(5, 1, 1, 3, device="meta")
    assert moments_of(rows, rows, torch.ones(5).double()).shape == (1, 3, 3)


def test_moments_of_float32_rows_keep_digits_for_the_smallest_eigenvalue() -> None:
    # A common offset makes the largest eigenvalue: sums in float32 would lose the smallest.
    generator = torch.Generator().manual_seed(0)
    rows = 1 + 0.01 * torch.rand(4096, 1, 1, 200, generator=generator)
    weights = torch.full((4096,), 1 / 4096, dtype=torch.float64)
    x = rows[:, 0, 0].double()
    found = moments_of(rows, rows, weights)[0]
    torch.testing.assert_close(found, x.T @ x / 4096, rtol=1e-12, atol=0)
    assert float(torch.linalg.eigvalsh(found)[0]) > 0


@pytest.mark.parametrize("name", ["one", "two", "three", "head"])
def test_moments_of_each_layer_of_a_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = residual()
    assert isinstance(model, Residual)
    drawn = Draws().draw(split(), model)
    x = drawn.x.double()
    with torch.no_grad():
        h = torch.relu(model.norm(model.one(x)))
        s = torch.relu(h + model.two(h))
        head = torch.relu(model.three(s)).mean(dim=(2, 3))
    ones = {
        "one": functional.unfold(x, 3, padding=1).transpose(1, 2).unflatten(2, (2, 9)),
        "two": functional.unfold(functional.pad(h, (1, 1, 1, 1), "reflect"), 3)
        .transpose(1, 2)[:, :, None],
        "three": functional.unfold(s, 2, dilation=2, stride=2).transpose(1, 2)[:, :, None],
        "head": head[:, None, None],
    }  # fmt: skip
    rows = ones[name]
    if name != "two":  # it has no bias
        rows = torch.cat([rows, torch.ones(*rows.shape[:3], 1).double()], dim=3)
    expected = summed(rows, rows, drawn.weights)
    layer = getattr(model, name)
    torch.testing.assert_close(input_second_moments(model, layer, drawn), expected)
    monkeypatch.setattr(draws, "CONVOLUTION_BATCH", 3)
    torch.testing.assert_close(input_second_moments(model, layer, drawn), expected)


def test_a_convolution_reads_so_many_positions_as_rows_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = residual()
    assert isinstance(model, Residual)
    x = split().x
    monkeypatch.setattr(moments, "ROWS", 5 * len(x))
    assert layer_rows(model, model.one, x, len(x)).shape[:2] == (len(x), 5)
    assert layer_rows(model, model.one, x[:4], len(x)).shape[:2] == (4, 5)
    monkeypatch.setattr(moments, "ROWS", 1)
    assert layer_rows(model, model.one, x, len(x)).shape[:2] == (len(x), 1)


def test_moments_that_overflow_are_named() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(32, 3)).double()
    x = split().x.double()
    huge = Samples(x=x * 1e200, clean=x, weights=torch.ones(len(x)).double())
    with pytest.raises(InputError, match="inputs of a layer are not finite"):
        input_second_moments(model, model[1], huge)


def test_the_ridge_is_a_share_of_the_mean_square_and_spares_the_bias() -> None:
    s = torch.diag(torch.tensor([1.0, 3.0, 100.0])).double()
    assert ridge_of(s, 0.1, bias=True).tolist() == pytest.approx([0.2, 0.2, 2e-12])
    assert ridge_of(s, 0.3, bias=False).tolist() == pytest.approx([10.4] * 3)
    assert (ridge_of(torch.zeros(3, 3).double(), 0.1, bias=True) > 0).all()  # never fires
    assert (ridge_of(torch.ones(1, 1).double(), 0.1, bias=True) > 0).all()  # a bias alone
