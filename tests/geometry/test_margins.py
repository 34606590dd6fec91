"""Margin losses against taking a feature out of the samples."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry import class_statistics, linear_margins, margin_loss

COUNTS = (8, 5, 3)


def case(seed: int = 0, d: int = 4) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(3).repeat_interleave(torch.tensor(COUNTS))
    weight = torch.randn(3, d, dtype=torch.float64, generator=generator)
    features = torch.randn(16, d, dtype=torch.float64, generator=generator) + weight[labels]
    return features, labels, weight, torch.randn(3, dtype=torch.float64, generator=generator)


def confused(logits: Tensor, labels: Tensor, weights: list[float], floor: float) -> float:
    """The expected number of rivals that win, from the logits alone."""
    total = 0.0
    for c in range(3):
        z = logits[labels == c].numpy()
        for rival in range(3):
            if rival != c:
                margin = z[:, c] - z[:, rival]
                total += weights[c] * NormalDist().cdf(
                    -margin.mean() / (margin.var() + floor) ** 0.5
                )
    return total


def floor_of(logits: Tensor, labels: Tensor, gamma: float) -> float:
    spreads = [
        (logits[labels == c][:, c] - logits[labels == c][:, k]).numpy().var()
        for c in range(3)
        for k in range(3)
        if k != c
    ]
    return gamma * float(np.mean(spreads))


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("balanced", [True, False])
def test_loss_equals_taking_the_feature_out_of_the_samples(balanced: bool, folded: bool) -> None:
    features, labels, weight, bias = case()
    weights = [1 / 3] * 3 if balanced else [n / 16 for n in COUNTS]
    logits = features @ weight.T + bias
    floor = floor_of(logits, labels, 0.05)
    found = class_statistics(features, labels, balanced=balanced, keep_covariances=True)
    expected = []
    for j in range(4):
        changed = features.clone()
        changed[:, j] = found.mean[j] if folded else 0.0
        after = confused(changed @ weight.T + bias, labels, weights, floor)
        expected.append(after - confused(logits, labels, weights, floor))
    moments = linear_margins(found, weight, bias, folded=folded)
    np.testing.assert_allclose(margin_loss(moments, gamma=0.05), expected, atol=1e-12)


def test_the_pairs_at_the_boundary_decide() -> None:
    # Feature 0 separates class 0 by a wide margin, feature 1 classes 1 and 2 by a narrow one.
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(300) % 3
    centres = torch.tensor([[9.0, 0.0], [-9, 1], [-9, -1]])
    features = centres[labels] + 0.5 * torch.randn(300, 2, generator=generator)
    found = class_statistics(features, labels, keep_covariances=True)
    halved = torch.tensor([[0.5, 0.0], [-0.5, 1], [-0.5, -1]])
    loss = margin_loss(linear_margins(found, halved))
    assert loss[1] > 0.3
    assert loss[0] > loss[1]  # without it class 0 meets both others


def test_a_dead_feature_and_one_that_no_class_reads_cost_nothing() -> None:
    features, labels, weight, bias = case()
    features[:, 1] = 0.0
    weight[:, 2] = 7.0  # equal for all classes
    found = class_statistics(features, labels, keep_covariances=True)
    loss = margin_loss(linear_margins(found, weight, bias))
    np.testing.assert_allclose(loss[[1, 2]], 0.0, atol=1e-12)


def test_one_sample_per_class_and_no_margin_at_all_are_finite() -> None:
    single = class_statistics(torch.eye(3), torch.arange(3), keep_covariances=True)
    loss = margin_loss(linear_margins(single, torch.eye(3)))
    assert torch.isfinite(loss).all()
    assert (loss > 0).all()
    nothing = margin_loss(linear_margins(single, torch.zeros(3, 3)))
    assert nothing.tolist() == [0.0, 0.0, 0.0]


def test_bad_input_is_named() -> None:
    features, labels, weight, bias = case()
    plain = class_statistics(features, labels)
    with pytest.raises(InputError, match="keep_covariances=True"):
        linear_margins(plain, weight, bias)
    found = class_statistics(features, labels, keep_covariances=True)
    with pytest.raises(InputError, match=r"weight \(2, 4\) and bias None"):
        linear_margins(found, weight[:2])
    with pytest.raises(InputError, match="gamma is 0"):
        margin_loss(linear_margins(found, weight, bias), gamma=0)
    one = class_statistics(features, torch.zeros(16, dtype=torch.int64), keep_covariances=True)
    with pytest.raises(InputError, match="there is 1, and 2 are needed"):
        margin_loss(linear_margins(one, weight[:1]))
