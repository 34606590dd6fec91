"""Each noise is the same for every network and follows from its seed."""

from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from tests.evaluation.cases import CLASSES, linear, split

from leastloss.data import Split
from leastloss.evaluation import damaged, robustness, robustness_of


def test_black_images_stay_black_under_speckle():
    found = robustness(linear(), split(40, 0.0), corruptions=["speckle"], severities=[5]).iloc[1]
    assert found["flip_rate"] == 0
    assert np.isnan(found["sensitivity"])


def test_the_seed_decides_the_noise():
    data = split(200)
    first, again, other = (robustness(linear(), data, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["sensitivity"].equals(other["sensitivity"])


def test_accuracy_falls_with_severity():
    data = split(4000)
    data = Split(data.x, data.x[:, :CLASSES].argmax(1), CLASSES, (3,))
    found = robustness(linear(), data)
    for _, part in found[found["severity"] > 0].groupby("corruption"):
        accuracy = [1.0, *part["accuracy"]]
        assert all(low < high for high, low in pairwise(accuracy))


def test_who_looks_sees_the_damaged_samples_of_each_corruption():
    seen = {}
    data = split(20)
    robustness_of(
        {"dense": linear()},
        data,
        corruptions=["shot", "weight-noise"],
        severities=[2, 3],
        seen=lambda name, severity, x: seen.update({(name, severity): x}),
    )
    assert list(seen) == [("shot", 2), ("shot", 3)]
    assert torch.equal(seen["shot", 3], damaged(data, "shot", 3, seed=0).x)
