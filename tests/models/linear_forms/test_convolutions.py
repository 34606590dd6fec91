"""Convolutions of one dimension and transposed ones as Conv2d."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.linear_forms.compare import compare, drawn
from torch import nn


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1, "groups": 2, "bias": False},
        {"padding": "same", "padding_mode": "circular"},
        {"dilation": 2, "padding": 3},
    ],
)
def test_one_dimension(options: dict[str, Any]) -> None:
    form = compare(nn.Conv1d(4, 6, 3, **options), drawn(5, 4, 9))
    assert [type(module) for module in form.children()] == [nn.Conv2d]
    compare(nn.Conv1d(4, 6, 3, **options), drawn(4, 9))


@settings(max_examples=30, deadline=None)
@given(
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 2),
    groups=st.sampled_from([1, 2]),
    extra=st.integers(0, 1),
    flat=st.booleans(),
)
def test_transposed(
    kernel: int, stride: int, padding: int, dilation: int, groups: int, extra: int, flat: bool
) -> None:
    kind: Any = nn.ConvTranspose1d if flat else nn.ConvTranspose2d
    layer = kind(
        4,
        6,
        kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        output_padding=min(extra, max(stride, dilation) - 1),
    )
    compare(layer, drawn(3, 4, 9) if flat else drawn(3, 4, 9, 8))


def test_a_row_of_the_weight_makes_one_output_channel() -> None:
    form = compare(nn.ConvTranspose2d(4, 6, 3, groups=2), drawn(3, 4, 5, 5))
    x = drawn(3, 4, 5, 5)
    before = form(x)
    with torch.no_grad():
        form.conv.weight[1] = 0.0
        form.conv.bias[1] = 0.0
    moved = (form(x) - before).abs().amax(dim=(0, 2, 3)) > 0
    assert moved.tolist() == [False, True, False, False, False, False]
