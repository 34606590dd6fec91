"""A notice points at the caller's line, however deep in the package it is given."""

from pathlib import Path

import pytest
import torch

import leastloss as ll
from leastloss.notices import notice


def test_it_points_at_the_line_of_the_caller() -> None:
    with pytest.warns(UserWarning, match="known") as told:
        notice("known")
    assert Path(told[0].filename) == Path(__file__)


def test_from_within_the_package_too() -> None:
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    with torch.no_grad():
        net[1].weight[0] = 0
    x, y = torch.linspace(0, 1, 120).reshape(30, 4), torch.arange(30) % 3
    with pytest.warns(UserWarning, match="zero already") as told:
        ll.fit(net, (x, y), epochs=1, progress=False)
    assert {Path(each.filename).name for each in told} == {Path(__file__).name}
