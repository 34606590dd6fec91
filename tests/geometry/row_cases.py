"""Problems of masked least squares, and their solutions row by row."""

import numpy as np
import torch
from torch import Tensor

RIDGE = 0.05


def problem(seed: int, d: int, rows: int, n: int = 30) -> tuple[Tensor, Tensor, Tensor]:
    """Moments, cross moments and a mask with rows that share supports, an empty and a full one."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    z = torch.randn(n, rows, generator=generator, dtype=torch.float64)
    mask = torch.rand(rows, d, generator=generator) < torch.rand(rows, 1, generator=generator)
    mask[0], mask[1] = False, True
    mask[2] = mask[3]
    return x.T @ x / n, x.T @ z / n, mask


def solved(
    moments: Tensor, cross: Tensor, mask: Tensor, ridge: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and diagonals of the inverse, one row at a time."""
    weights, diagonals = np.zeros(mask.shape), np.zeros(mask.shape)
    for row, kept in enumerate(mask.numpy()):
        block = (moments + torch.diag(ridge)).numpy()[np.ix_(kept, kept)]
        weights[row, kept] = np.linalg.solve(block, cross.numpy()[kept, row])
        diagonals[row, kept] = np.linalg.inv(block).diagonal()
    return weights, diagonals
