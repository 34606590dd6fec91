"""Second moments of rows in float64, on a processor: pieces of them in threads."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.geometry._lapack import one_blas_thread

PIECE = 1024  # rows that a thread multiplies at once: no sum depends on the number of threads


def moments_of_rows(
    inputs: Sequence[Tensor],
    weights: Tensor,
    *,
    constant: bool,
    targets: Sequence[Tensor] | None = None,
) -> Tensor:
    """Weighted sums of the products of rows with themselves, and with targets.

    NumPy makes half of a product of a matrix with its own transpose and copies the other half: that
    takes less than half of the time of torch's whole one, on AMD processors.

    Args:
        inputs: Rows by batch, each of shape (n, d), in the memory of the processor.
        weights: Of the rows of all batches.
        constant: Whether each row ends with a one.
        targets: Further columns by batch, each of shape (n, units).

    Returns:
        Float64, (d, d) or (d, d + units), where d counts the one.

    Example:
        >>> rows, weights = torch.tensor([[3.0], [1.0]]), torch.tensor([0.25, 0.25])
        >>> moments_of_rows([rows], weights, constant=True)
        tensor([[2.5000, 1.0000],
                [1.0000, 0.5000]], dtype=torch.float64)
    """
    pieces: list[tuple[Tensor, ...]] = []
    for number, (batch, share) in enumerate(
        zip(inputs, weights.cpu().split([len(batch) for batch in inputs]), strict=True)
    ):
        columns = [batch] if targets is None else [batch, targets[number]]
        arrays = [_array(column).split(PIECE) for column in (*columns, share.double().sqrt())]
        pieces += zip(*arrays, strict=True)
    # BLAS in several threads for one piece would wait for torch's threads, and these for them.
    with one_blas_thread(), ThreadPoolExecutor(torch.get_num_threads()) as pool:
        parts = pool.map(partial(_products, constant=constant), pieces)
        total = next(parts)
        for part in parts:
            total += part
    return torch.from_numpy(total)


def _array(values: Tensor) -> Tensor:
    known = values.dtype in (torch.float32, torch.float64)  # NumPy has no bfloat16
    return values.detach() if known else values.detach().float()


def _products(columns: tuple[Tensor, ...], constant: bool) -> NDArray[np.float64]:
    rows, *targets, roots = (column.numpy() for column in columns)
    fan_in = rows.shape[1]
    inputs = fan_in + constant
    table = np.empty((len(rows), inputs + sum(target.shape[1] for target in targets)))
    table[:, fan_in:inputs] = 1.0
    table[:, :fan_in] = rows
    for target in targets:
        table[:, inputs:] = target
    table *= roots[:, None]
    read = table[:, :inputs]
    return np.hstack([read.T @ read, read.T @ table[:, inputs:]])
