"""Whether a classifier decides as the nearest class mean does."""

import pytest
import torch

from leastloss.geometry import (
    collapse_metrics,
)


def test_the_bias_decides() -> None:
    # The classifier's border lies at 4 - b, the one between the means at 4.
    features, labels = torch.tensor([[0.0], [3.0], [8.0], [5.0], [9.0]]), [0, 0, 1, 1, 1]
    rows = torch.tensor([[-1.0], [1.0]])
    nc4 = [
        collapse_metrics(features, torch.tensor(labels), rows, torch.tensor([b, -b]))["nc4"]
        for b in (4.4, 2.0, 6.0)
    ]
    assert nc4 == pytest.approx([0, 1 / 4, 1 / 6])


def test_nc4_counts_each_class_once() -> None:
    # Class 0: one of four samples lies nearer to the other mean; class 1: none.
    features = torch.tensor([[0.0], [0.0], [0.0], [8.0], [9.0]])
    constant = torch.tensor([[0.0], [0.0]]), torch.tensor([1.0, 0.0])
    found = collapse_metrics(features, torch.tensor([0, 0, 0, 0, 1]), *constant)
    assert found["nc4"] == pytest.approx((1 / 4 + 1) / 2)
