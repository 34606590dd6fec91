"""The torch path against the NumPy path."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import BOUNDARIES, COMPLEXITIES, information_loss
from leastloss.information.engine import torch_backend


def assert_equal(matrices, **options):
    losses = torch_backend.information_loss(
        [torch.from_numpy(each) for each in matrices], **options
    )
    for ours, expected in zip(losses, information_loss(matrices, **options), strict=True):
        assert ours.dtype == torch.float64
        assert ours.shape == expected.shape
        assert np.array_equal(np.isnan(ours.numpy()), np.isnan(expected))
        assert np.allclose(ours.numpy(), expected, rtol=0, atol=1e-9, equal_nan=True)


@given(case=reference.cases(), name=st.sampled_from(list(COMPLEXITIES)))
@reference.examples(60)
def test_equals_numpy_on_small_matrices(case, name):
    matrices, options = case
    assert_equal(matrices, complexity=name, **options)


@pytest.mark.parametrize("name", list(COMPLEXITIES))
@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("block", [2, 3, 4])
def test_equals_numpy_on_layers(monkeypatch, name, boundary, block):
    monkeypatch.setattr(torch_backend, "_BATCH", 500)
    generator = np.random.default_rng(block)
    shapes = ((32, 50), (24, 36), (10, 31), (10, 31))
    matrices = [(generator.random(shape) < 0.5).astype(np.uint8) for shape in shapes]
    for pooled in (True, False, [7, 7, 7, -1]):
        assert_equal(matrices, complexity=name, block=block, boundary=boundary, pooled=pooled)


def test_takes_masks_and_floats_and_leaves_them_alone():
    matrix = (torch.arange(64).reshape(8, 8) % 3 == 0).float().requires_grad_()
    (loss,) = torch_backend.information_loss([matrix.T])
    expected = information_loss(matrix.detach().numpy().T.astype(np.uint8))
    assert np.allclose(loss.numpy(), expected, equal_nan=True)
    (same,) = torch_backend.information_loss([matrix.T == 1])
    assert torch.equal(loss.nan_to_num(), same.nan_to_num())
    assert matrix.detach().sum() == 22


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([], "at least one torch tensor"),
        (torch.zeros(4, 4), "a list of"),
        ([np.zeros((4, 4))], "matrix 0 is a ndarray"),
        ([torch.zeros(4, 4), torch.zeros(4)], r"matrix 1 has dtype torch.float32 and shape \(4,\)"),
        ([torch.zeros(0, 4)], "non-empty"),
        ([torch.zeros(4, 4, dtype=torch.complex64)], "complex64"),
        ([torch.full((4, 4), torch.nan)], "something else than 0 and 1"),
        ([torch.full((4, 4), torch.inf)], "something else than 0 and 1"),
        ([torch.full((4, 4), 2)], "something else than 0 and 1"),
        ([torch.zeros(4, 4), torch.zeros(4, 4, device="meta")], "matrix 1 is on meta"),
        ([torch.zeros(3, 9)], "use boundary='periodic'"),
    ],
)
def test_bad_tensors(tensors, message):
    with pytest.raises(InputError, match=message):
        torch_backend.information_loss(tensors)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block": 5}, "2, 3 or 4"),
        ({"boundary": "perodic"}, "did you mean 'periodic'"),
        ({"complexity": "bmd"}, "did you mean 'bdm'"),
        ({"pooled": [0, 1]}, "1 integer label"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        torch_backend.information_loss([torch.zeros(8, 8)], **options)
