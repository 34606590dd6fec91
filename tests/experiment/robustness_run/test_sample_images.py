"""Corrupted samples of three classes."""

import numpy as np
import torch

from leastloss.data import Split
from leastloss.experiment.robustness_run.sample_images import SampleImages


def test_one_sample_of_the_first_the_middle_and_the_last_class() -> None:
    x = torch.arange(8.0)[:, None, None, None].expand(8, 1, 2, 2) / 8
    split = Split(x, torch.tensor([4, 4, 0, 7, 0, 7, 9, 9]), 10, ())
    samples = SampleImages(split)
    assert samples.chosen == [2, 3, 6]  # of the classes 0, 7 and 9
    assert samples.images == {}
    samples.take("shot", 5, 1 - x)
    samples.take("shot", 2, x)
    assert list(samples.images) == ["shot"]
    by_severity = samples.images["shot"]
    assert list(by_severity) == [0, 5, 2]
    np.testing.assert_array_equal(by_severity[5], 1 - by_severity[0])


def test_few_classes_are_shown_once() -> None:
    split = Split(torch.rand(4, 1, 2, 2), torch.tensor([1, 0, 1, 0]), 2, ())
    assert SampleImages(split).chosen == [1, 0]


def test_rows_of_a_table_are_no_images() -> None:
    split = Split(torch.rand(4, 3), torch.tensor([1, 0, 1, 0]), 2, ())
    samples = SampleImages(split)
    samples.take("gaussian", 1, split.x)
    assert samples.images == {}
