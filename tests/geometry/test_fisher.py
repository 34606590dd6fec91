"""The Fisher ratio of single features."""

import numpy as np
import pytest
import torch

from leastloss.errors import InputError
from leastloss.geometry import class_statistics, fisher_ratio


@pytest.mark.parametrize("balanced", [True, False])
def test_ratio_equals_the_loop_over_samples(balanced: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0] * 9 + [1] * 4 + [2] * 2)
    features = torch.randn(15, 5, generator=generator).double() + labels[:, None]
    counts = np.array([9, 4, 2])
    weights = np.full(3, 1 / 3) if balanced else counts / 15
    h = features.numpy()
    parts = [h[labels.numpy() == c] for c in range(3)]
    means = np.array([part.mean(axis=0) for part in parts])
    within = sum(w * part.var(axis=0) for w, part in zip(weights, parts, strict=True))
    between = weights @ (means - weights @ means) ** 2
    found = class_statistics(features, labels, balanced=balanced)
    np.testing.assert_allclose(fisher_ratio(found, 1e-12), between / within)
    ridged = between / (within + 0.1 * within.mean())
    np.testing.assert_allclose(fisher_ratio(found, 0.1), ridged)


def test_it_is_blind_to_redundancy() -> None:
    signal = torch.tensor([0.0, 1, 5, 6])
    copies = torch.stack([signal, signal], dim=1)
    ratios = fisher_ratio(class_statistics(copies, torch.tensor([0, 0, 1, 1])))
    assert ratios[0] == ratios[1] > 10


def test_constant_and_collapsed_features_are_finite() -> None:
    constant = torch.tensor([[1.0, 0], [1, 1], [1, 5], [1, 6]])
    assert fisher_ratio(class_statistics(constant, torch.tensor([0, 0, 1, 1])))[0] == 0
    collapsed = class_statistics(torch.tensor([[1.0, 3], [1, 5]]), torch.arange(2))
    assert fisher_ratio(collapsed).tolist() == [0.0, 1.0]  # no scale: the variance of the means


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan"), float("inf")])
def test_gamma_must_be_positive(gamma: float) -> None:
    with pytest.raises(InputError, match="gamma is"):
        fisher_ratio(class_statistics(torch.eye(2), torch.arange(2)), gamma)
