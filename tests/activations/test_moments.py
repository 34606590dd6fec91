"""Second moments of inputs, against sums that are spelled out."""

from dataclasses import replace

import pytest
import torch
from tests.criteria.cases import Residual, residual, split
from torch import Tensor, nn
from torch.nn import functional

from leastloss.activations import Draws, Samples, moments, observe
from leastloss.activations.layer_inputs import rows_of
from leastloss.activations.moments import (
    batch_moments,
    input_second_moments,
    moments_with_targets,
    ridge_of,
)
from leastloss.errors import InputError


def summed(rows: Tensor, others: Tensor, weights: Tensor) -> Tensor:
    groups, n, positions, d = rows.shape
    total = torch.zeros(groups, d, others.shape[3], dtype=torch.float64)
    for g in range(groups):
        for i in range(n):
            for p in range(positions):
                outer = torch.outer(rows[g, i, p], others[g, i, p])
                total[g] += weights[i] / positions * outer
    return total


def drawn_of(x: Tensor, weights: Tensor) -> Samples:
    return Samples(x=x, clean=x, weights=weights, starts=torch.zeros(len(x)))


@pytest.mark.parametrize("bias", [True, False])
def test_moments_are_sums_over_samples_and_means_over_positions(bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, 4, generator=generator).double()
    targets = torch.randn(1, 5, 3, 6, generator=generator).double()
    samples = drawn_of(x, torch.rand(5, generator=generator).double())
    layer = nn.Linear(4, 6, bias=bias)
    rows = torch.cat([x, torch.ones(5, 3, 1)], dim=2)[None] if bias else x[None]
    wanted = summed(rows, torch.cat([rows, targets], dim=3), samples.weights)
    moments = batch_moments("", layer, x, samples, slice(None), targets)
    torch.testing.assert_close(moments, wanted)
    alone = batch_moments("", layer, x, samples, slice(None))
    torch.testing.assert_close(alone, wanted[..., : rows.shape[-1]])


def test_batches_of_few_rows_add_up_with_a_one_where_a_batchnorm_stands_for_the_bias() -> None:
    generator = torch.Generator().manual_seed(0)
    x, targets = torch.randn(5, 4, generator=generator), torch.randn(5, 6, generator=generator)
    layer = nn.Linear(4, 6, bias=False)
    samples = replace(drawn_of(x, torch.rand(5).double()), norms={"it": "norm"})
    rows = torch.cat([x, torch.ones(5, 1)], dim=1).double()[None, :, None]
    columns = targets.double()[None, :, None]
    expected = summed(rows, torch.cat([rows, columns], dim=3), samples.weights)
    pieces = [slice(0, 3), slice(3, 5)]
    batches = [x[piece] for piece in pieces], [columns[:, piece].float() for piece in pieces]
    whole = moments_with_targets("it", layer, *batches, samples, pieces)
    torch.testing.assert_close(whole, expected)
    parts = [
        batch_moments("it", layer, values, samples, piece, target)
        for values, target, piece in zip(*batches, pieces, strict=True)
    ]
    torch.testing.assert_close(parts[0] + parts[1], expected)


def test_weights_may_lie_on_another_device_than_the_network() -> None:
    samples = drawn_of(torch.empty(5, 3), torch.ones(5).double())
    on_device = torch.empty(5, 3, device="meta")
    layer = nn.Linear(3, 2, bias=False)
    assert batch_moments("", layer, on_device, samples, slice(None)).shape == (1, 3, 3)


def test_moments_of_float32_rows_keep_digits_for_the_smallest_eigenvalue() -> None:
    # A common offset makes the largest eigenvalue: sums in float32 would lose the smallest.
    generator = torch.Generator().manual_seed(0)
    rows = 1 + 0.01 * torch.rand(4096, 200, generator=generator)
    samples = drawn_of(rows, torch.full((4096,), 1 / 4096, dtype=torch.float64))
    x = rows.double()
    layer = nn.Linear(200, 1, bias=False)
    moments = batch_moments("", layer, rows, samples, slice(None))[0]
    torch.testing.assert_close(moments, x.T @ x / 4096, rtol=1e-12, atol=0)
    assert float(torch.linalg.eigvalsh(moments)[0]) > 0


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
        "one": functional.unfold(x, 3, padding=1).unflatten(1, (2, 9)).permute(1, 0, 3, 2),
        "two": functional.unfold(functional.pad(h, (1, 1, 1, 1), "reflect"), 3)
        .transpose(1, 2)[None],
        "three": functional.unfold(s, 2, dilation=2, stride=2).transpose(1, 2)[None],
        "head": head[None, :, None],
    }  # fmt: skip
    rows = ones[name]
    if name != "two":  # it has no bias, and no BatchNorm behind it
        rows = torch.cat([rows, torch.ones(*rows.shape[:3], 1).double()], dim=3)
    expected = summed(rows, rows, drawn.weights)
    layers = {name: getattr(model, name), "other": model.head}
    torch.testing.assert_close(dict(input_second_moments(model, layers, drawn))[name], expected)
    monkeypatch.setattr(observe, "MAPS_BATCH", 3)
    monkeypatch.setattr(moments, "MEMORY", 1)  # a pass for each
    torch.testing.assert_close(dict(input_second_moments(model, layers, drawn))[name], expected)


def test_a_convolution_reads_so_many_positions_as_rows_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = residual()
    assert isinstance(model, Residual)
    drawn = Draws().draw(split(), model)
    monkeypatch.setattr(moments, "ROWS_PER_INPUT", 0)
    monkeypatch.setattr(moments, "ROWS", 5 * len(drawn.x))
    assert moments.positions_of(model.one, drawn) == 5
    monkeypatch.setattr(moments, "ROWS", 1)
    assert moments.positions_of(model.one, drawn) == 1
    monkeypatch.setattr(moments, "ROWS_PER_INPUT", len(drawn.x))
    assert moments.positions_of(model.head, drawn) == model.head.in_features


def test_positions_that_are_drawn_give_the_moments_of_all_on_average() -> None:
    layer, x = nn.Conv2d(1, 1, 3, padding=1, bias=False), split().x[:2].double()
    whole = batch_moments("", layer, x, drawn_of(x, torch.ones(2).double()), slice(None))
    starts = torch.linspace(0, 1, 401)[:-1] + 1 / 800
    total = torch.zeros_like(whole)
    for start in starts:
        samples = drawn_of(x, torch.ones(2).double())
        samples = replace(samples, starts=torch.full((2,), float(start)))
        rows = rows_of(layer, x, samples.starts, 3).flatten(3)
        total += summed(rows, rows, samples.weights) / len(starts)
    torch.testing.assert_close(total, whole, rtol=0.05, atol=1e-3)


def test_moments_that_overflow_are_named() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(32, 3)).double()
    x = split().x.double()
    huge = drawn_of(x * 1e200, torch.ones(len(x)).double())
    with pytest.raises(InputError, match="inputs of a layer are not finite"):
        list(input_second_moments(model, {"1": model[1]}, huge))


def test_layers_that_do_not_run_are_named() -> None:
    model, x = nn.Linear(2, 2), torch.ones(3, 2)
    with pytest.raises(InputError, match="layer 'spare' is not called in a forward pass"):
        list(input_second_moments(model, {"spare": nn.Linear(2, 2)}, drawn_of(x, torch.ones(3))))


def test_the_ridge_is_a_share_of_the_mean_square_and_spares_the_bias() -> None:
    s = torch.diag(torch.tensor([1.0, 3.0, 100.0])).double()
    two, three = nn.Linear(2, 1), nn.Linear(3, 1)
    assert ridge_of(two, s, 0.1).tolist() == pytest.approx([0.2, 0.2, 2e-12])
    assert ridge_of(three, s, 0.3).tolist() == pytest.approx([10.4] * 3)
    assert (ridge_of(two, torch.zeros(3, 3).double(), 0.1) > 0).all()  # never fires


def test_half_precision_maps_are_multiplied_in_float32() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(8, 8, 3, padding=1, bias=False).bfloat16()
    x = torch.rand(16, 8, 8, 8).bfloat16()
    moments = batch_moments("", layer, x, drawn_of(x, torch.full((16,), 1 / 16)), slice(None))[0]
    assert moments.dtype == torch.float64
    rows = rows_of(layer, x.double()).flatten(3)[0].flatten(0, 1)
    torch.testing.assert_close(moments, rows.T @ rows / len(rows), rtol=1e-4, atol=1e-6)
