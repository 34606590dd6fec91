"""What noise does to one network, against numbers worked out by hand."""

from math import gamma, sqrt

import numpy as np
import pytest
import torch
from tests.evaluation.cases import CLASSES, WIDTH, linear, split

from leastloss.evaluation import damaged, robustness
from leastloss.evaluation.noise_effect import sensitivity


def test_sensitivity_of_a_linear_network_has_a_closed_form():
    # At 0.5 and sigma 0.08 nothing is clipped; the logits move by sigma z, z normal in R^C,
    # and E||z|| is the mean of the chi distribution.
    chi = sqrt(2) * gamma((CLASSES + 1) / 2) / gamma(CLASSES / 2)
    found = robustness(linear(), split(8000, 0.5), corruptions=["gaussian"], severities=[1])
    assert found["sensitivity"].iloc[1] == pytest.approx(chi / sqrt(WIDTH), rel=0.02)


def test_sensitivity_scales_with_the_network_and_compares_to_the_reference():
    found = robustness(linear(3.0), split(), reference=linear())
    noisy = found[found["severity"] > 0]
    assert np.allclose(noisy["sensitivity_ratio"], 3.0)
    assert found["sensitivity_ratio"].isna().sum() == 1  # clean: nothing moved


def test_sensitivity_uses_the_perturbation_as_applied():
    # The first input decides, and impulse noise clips nothing: both sides by hand.
    data = split()
    noisy = damaged(data, "impulse", 5, seed=0).x
    weight = torch.randn(CLASSES, WIDTH, generator=torch.Generator().manual_seed(2))
    found = robustness(linear(weight=weight), data, corruptions=["impulse"], severities=[5])
    eps = (noisy - data.x).double()
    moved = (eps @ weight.double().T).norm(dim=1)
    rms = eps.square().mean().sqrt()
    expected = float(moved.mean() / (rms * sqrt(WIDTH)))
    assert found["sensitivity"].iloc[1] == pytest.approx(expected, rel=1e-4)
    own = data.y == 2
    per_class = float(moved[own].mean() / (eps[own].square().mean().sqrt() * sqrt(WIDTH)))
    assert found["sensitivity_class_2"].iloc[1] == pytest.approx(per_class, rel=1e-4)


def test_a_network_that_ignores_its_input_is_not_sensitive():
    found = robustness(linear(0.0), split(), corruptions=["shot"], severities=[5]).iloc[1]
    assert found["sensitivity"] == found["flip_rate"] == 0


def test_flip_rate_counts_changed_predictions_right_or_wrong():
    data = split()
    found = robustness(linear(), data, corruptions=["gaussian"], severities=[5]).iloc[1]
    noisy = damaged(data, "gaussian", 5, seed=0).x[:, :CLASSES].argmax(1)
    changed = (noisy != data.x[:, :CLASSES].argmax(1)).double().mean()
    assert 0.1 < found["flip_rate"] == pytest.approx(float(changed))


def test_sensitivity_worked_by_hand():
    moved, given = torch.tensor([3.0, 5.0]), torch.tensor([4.0, 12.0])
    assert sensitivity(moved, given) == pytest.approx(4 / sqrt(8))
