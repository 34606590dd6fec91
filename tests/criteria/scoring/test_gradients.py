"""Gradients of single weights, averaged over samples, against autograd one sample at a time."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from leastloss.criteria.scoring import gradients
from leastloss.criteria.scoring.gradients import (
    cross_entropy_slope,
    gradient_sizes,
    weight_gradient,
)
from leastloss.errors import InputError

LAYERS = {
    "linear": (nn.Linear(4, 3), (4,)),
    "tokens": (nn.Linear(4, 3), (5, 4)),
    "plain": (nn.Conv2d(2, 3, 3), (2, 6, 5)),
    "strided": (nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)), (2, 6, 5)),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2, padding="same"), (4, 5, 5)),
    "depthwise": (nn.Conv2d(3, 6, 2, groups=3, padding="valid"), (3, 5, 5)),
    "wrapped": (nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 4, 4)),
    "reflected": (nn.Conv2d(2, 3, 3, padding=(1, 0), padding_mode="reflect"), (2, 4, 4)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_sums_equal_autograd_sample_by_sample(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "CHUNK", 700)  # a sample or a few at a time
    layer, shape = LAYERS[kind]
    layer = layer.double()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, *shape, generator=generator, dtype=torch.float64)
    slopes = torch.randn(layer(x).shape, generator=generator, dtype=torch.float64)
    weights = torch.rand(6, generator=generator, dtype=torch.float64)
    each = torch.stack([
        torch.autograd.grad(layer(x[i : i + 1]), layer.weight, slopes[i : i + 1])[0]
        for i in range(6)
    ])  # fmt: skip
    torch.testing.assert_close(weight_gradient(layer, x, slopes), each.sum(dim=0))
    for power in (1, 2):
        expected = torch.einsum("n,n...->...", weights, each.abs() ** power)
        found = gradient_sizes(layer, x, slopes, weights, power=power)
        torch.testing.assert_close(found, expected)


def test_the_slope_of_the_cross_entropy_is_that_of_autograd() -> None:
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logits.requires_grad_()
    y = torch.tensor([0, 3, 1, 2, 2])
    (slope,) = torch.autograd.grad(functional.cross_entropy(logits, y, reduction="sum"), logits)
    torch.testing.assert_close(cross_entropy_slope(logits.detach(), y), slope)


def test_a_sample_the_network_is_sure_of_keeps_its_slope() -> None:
    slope = cross_entropy_slope(torch.tensor([[25.0, 0.0]]), torch.tensor([0]))
    assert slope[0, 1] == pytest.approx(1.39e-11, rel=1e-2)
    assert slope[0, 0] == pytest.approx(-1.39e-11, rel=1e-2)  # in float32 it would be 0


def test_a_label_without_a_logit_is_named() -> None:
    with pytest.raises(InputError, match="label 3 has no logit; the network has 3"):
        cross_entropy_slope(torch.zeros(1, 3), torch.tensor([3]))
