"""Draws of samples and second moments of inputs, against sums that are spelled out."""

import pytest
import torch
from tests.criteria.cases import CLASSES, COUNTS, NETWORKS, Residual, mlp, residual, shares, split
from torch import Tensor, nn
from torch.nn import functional

from leastloss.activations import moments, observe
from leastloss.activations.moments import (
    Samples,
    draw_samples,
    input_second_moments,
    layer_rows,
    moments_of,
    ridge_of,
)
from leastloss.data import Split
from leastloss.errors import InputError


@pytest.mark.parametrize("balanced", [True, False])
def test_all_samples_count_as_their_classes_say(balanced: bool) -> None:
    train = split()
    drawn = draw_samples(train, mlp(), balanced=balanced)
    assert torch.equal(drawn.x, train.x)
    assert drawn.clean is drawn.x
    torch.testing.assert_close(drawn.weights, shares(train, balanced=balanced))
    assert float(drawn.weights.sum()) == pytest.approx(1)


@pytest.mark.parametrize("balanced", [True, False])
def test_what_is_left_of_a_class_stands_for_all_of_it(balanced: bool) -> None:
    train = split()
    drawn = draw_samples(train, mlp(), balanced=balanced, most=4)
    labels = torch.tensor([train.y[(train.x == x).flatten(1).all(dim=1)][0] for x in drawn.x])
    assert torch.bincount(labels).tolist() == [4, 4, 2]
    totals = torch.zeros(CLASSES).double().index_add(0, labels, drawn.weights)
    counts = torch.tensor(COUNTS).double()
    expected = torch.full((CLASSES,), 1 / CLASSES).double() if balanced else counts / counts.sum()
    torch.testing.assert_close(totals, expected)
    again = draw_samples(train, mlp(), balanced=balanced, most=4)
    assert torch.equal(again.x, drawn.x)


def test_networks_of_convolutions_read_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "PER_CLASS", 6)
    monkeypatch.setattr(moments, "PER_CLASS_OF_MAPS", 3)
    assert len(draw_samples(split(), mlp()).x) == 6 + 5 + 2
    assert len(draw_samples(split(), residual()).x) == 3 + 3 + 2


def test_noise_doubles_the_samples_and_stays_in_their_range() -> None:
    train = split()
    drawn = draw_samples(train, mlp(), noise=0.5)
    n = len(train)
    assert len(drawn.x) == len(drawn.clean) == len(drawn.weights) == 2 * n
    assert torch.equal(drawn.x[:n], train.x)
    assert torch.equal(drawn.clean, torch.cat([train.x, train.x]))
    assert float(drawn.weights.sum()) == pytest.approx(1)
    torch.testing.assert_close(drawn.weights[:n], drawn.weights[n:])
    noisy = drawn.x[n:]
    assert not torch.equal(noisy, train.x)
    assert noisy.min() >= train.x.min()
    assert noisy.max() <= train.x.max()
    small = draw_samples(train, mlp(), noise=0.01)
    assert float((small.x[n:] - train.x).std()) == pytest.approx(0.01, rel=0.2)
    assert torch.equal(draw_samples(train, mlp(), noise=0.5).x, drawn.x)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"noise": -0.1}, "noise is -0.1"),
        ({"noise": float("nan")}, "noise is nan"),
        ({"noise": float("inf")}, "noise is inf"),
        ({"most": -1}, "most -1"),
    ],
)
def test_bad_options_are_named(options: dict[str, float], line: str) -> None:
    with pytest.raises(InputError, match=line):
        draw_samples(split(), mlp(), **options)  # type: ignore[arg-type]  # one of two types


def test_bad_data_is_named() -> None:
    with pytest.raises(InputError, match="class 0 has no training sample"):
        draw_samples(Split(split().x, split().y.clamp(min=1), CLASSES, ()), mlp())
    endless = split()
    endless.x[3, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match="training samples are not finite"):
        draw_samples(endless, mlp())


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
    drawn = draw_samples(split(), model)
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
    monkeypatch.setattr(moments, "CONVOLUTION_BATCH", 3)
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


def test_batches_follow_the_kind_of_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "BATCH", 7)
    monkeypatch.setattr(moments, "CONVOLUTION_BATCH", 5)
    drawn = draw_samples(split(), mlp())
    for make, size in ((NETWORKS[0], 7), (NETWORKS[2], 5)):
        pieces = [len(drawn.x[piece]) for piece in drawn.batches(make())]
        assert pieces == [min(size, 16 - start) for start in range(0, 16, size)]
    assert observe.CONVOLUTION_BATCH < observe.BATCH
