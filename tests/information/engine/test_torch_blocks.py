"""Blocks of torch tensors are those of arrays."""

import numpy as np
import pytest
import torch

from leastloss.errors import InputError
from leastloss.information import BOUNDARIES, COMPLEXITIES, count_blocks
from leastloss.information.engine.torch_blocks import count_copies, cut_tensor

MATRIX = np.random.default_rng(6).integers(0, 2, (7, 10), dtype=np.uint8)


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("complexity", list(COMPLEXITIES))
@pytest.mark.parametrize("block", [2, 4])
def test_counts_and_steps_are_those_of_arrays(boundary: str, complexity: str, block: int) -> None:
    cut = cut_tensor(torch.from_numpy(MATRIX.astype(np.int32)), block, boundary)
    steps = count_copies([cut], complexity, block, boundary)
    blocks = count_blocks(MATRIX, block=block, boundary=boundary)
    assert np.array_equal(steps.counts.numpy(), blocks.counts)
    assert steps.offsets == blocks.offsets
    terms = blocks.terms(complexity)
    down, up = blocks.steps(terms, terms.unit if complexity == "entropy" else 1.0)
    symbols = torch.arange(len(blocks.counts))
    np.testing.assert_allclose(steps.last(symbols, steps.counts).numpy()[blocks.counts > 0],
                               down[blocks.counts > 0], atol=1e-12)  # fmt: skip
    np.testing.assert_allclose(steps.more(symbols, steps.counts).numpy(), up, atol=1e-12)


def test_a_matrix_without_a_block_is_refused() -> None:
    with pytest.raises(InputError, match="a 3x3 matrix has no 4x4 block"):
        cut_tensor(torch.ones(3, 3, dtype=torch.int32), 4, "ignore")
