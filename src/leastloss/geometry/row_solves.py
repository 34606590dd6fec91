"""Masked least squares on a processor: a factor for each support, several at the same time.

A support of kept inputs K has a factor of ``A_KK``, where ``A = S + ridge``. One that leaves out
few inputs R is solved from the inverse of all, which those supports share: with ``w = A^-1 t`` and
``L L^T = [A^-1]_RR`` (the inverse of a partitioned matrix)

    X = L^-1 [A^-1]_RK,   w_K - X^T L^-1 w_R,   diag [A^-1]_KK - sum of X's squares by column.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss._compile import compiled
from leastloss.geometry._lapack import (
    invert_triangle,
    lower_factor,
    one_blas_thread,
    solve_triangle,
)

Numbers: TypeAlias = NDArray[np.float64]
Index: TypeAlias = NDArray[np.int64]

FEW = 0.45  # of all inputs: above it a factor of what is kept is less work
SMALL = 10**8  # multiplications of all factors: Python's threads would wait for each other
SHARES = 8  # of each thread: the last ones to work are waited for by little
WORTH = 8  # supports that leave out few inputs: fewer do not pay for the inverse


def solve_rows(
    moments: Tensor, cross: Tensor | None, mask: Tensor, ridge: Tensor, *, diagonals: bool
) -> tuple[Tensor, Tensor]:
    """Weights, and diagonals of the inverses, of every row's kept inputs.

    Arguments are those of :func:`leastloss.geometry.compensation.masked_least_squares`, in the
    memory of the processor; without ``cross`` there are no weights, and ``diagonals`` says whether
    those of the inverses are made.

    Returns:
        Two tensors (rows, d), float64: 0 where the mask is False, and where not asked for.

    Raises:
        InputError: If the moments are not positive semi-definite.

    Example:
        >>> s, t = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double(), torch.ones(2, 1).double()
        >>> mask, ridge = torch.tensor([[True, False]]), torch.full((2,), 1e-9).double()
        >>> weights, _ = solve_rows(s, t, mask, ridge, diagonals=False)
        >>> weights.round(decimals=4)
        tensor([[0.5000, 0.0000]], dtype=torch.float64)
    """
    used = mask.any(dim=0)
    if 0 < int(used.sum()) < len(used):  # what no row keeps is in nobody's way: few are left out
        problem = moments[used][:, used], None if cross is None else cross[used]
        solutions = solve_rows(*problem, mask[:, used], ridge[used], diagonals=diagonals)
        whole = [torch.zeros(mask.shape, dtype=torch.float64) for _ in solutions]
        for tensor, solution in zip(whole, solutions, strict=True):
            tensor[:, used] = solution
        return whole[0], whole[1]
    supports, owner = torch.unique(mask, dim=0, return_inverse=True)
    sizes = supports.sum(dim=1)
    few = sizes >= (1 - FEW) * mask.shape[1]
    few &= int(few.sum()) >= WORTH
    by_support = owner.argsort(stable=True).split(torch.bincount(owner).tolist())
    ordered = sizes.argsort(descending=True).tolist()  # the largest first: none is waited for
    work = [(supports[i].numpy(), by_support[i].numpy(), bool(few[i])) for i in ordered if sizes[i]]
    threads = torch.get_num_threads()
    with one_blas_thread():  # its threads would wait for torch's
        problems = _Problems(moments, cross, mask, ridge, diagonals, shared=bool(few.any()))
        if threads == 1 or int((sizes.double() ** 3).sum()) < SMALL:
            problems.solve_all(work)
        else:
            parts = [work[first :: SHARES * threads] for first in range(SHARES * threads)]
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(problems.solve_all, parts))
    return torch.from_numpy(problems.weights), torch.from_numpy(problems.spread)


class _Problems:
    """The rows' problems, and their solutions as they come in."""

    def __init__(
        self,
        moments: Tensor,
        cross: Tensor | None,
        mask: Tensor,
        ridge: Tensor,
        diagonals: bool,
        *,
        shared: bool,
    ) -> None:
        self._whole: Numbers = np.ascontiguousarray((moments + torch.diag(ridge)).numpy())
        self._fits, self._diagonals = cross is not None, diagonals
        self._targets: Numbers = self._whole if cross is None else cross.T.numpy()
        self._inverse = self._all = self._whole
        if shared:
            upper = np.triu(invert_triangle(lower_factor(self._whole.copy())))
            self._inverse = upper @ upper.T
            if self._fits:
                self._all = self._targets @ self._inverse
        self.weights, self.spread = np.zeros(mask.shape), np.zeros(mask.shape)

    def solve_all(self, work: Iterable[tuple[NDArray[np.bool_], Index, bool]]) -> None:
        """Solve the rows of each support; the last of three says whether it leaves out few."""
        for support, rows, few in work:
            self._solve(support, rows, few)

    def _solve(self, support: NDArray[np.bool_], rows: Index, few: bool) -> None:
        kept = np.flatnonzero(support)
        if few:
            weights, spread = self._from_all(kept, np.flatnonzero(~support), rows)
        else:
            weights, spread = self._alone(kept, rows)
        if self._fits:
            self.weights[rows[:, None], kept] = weights
        if self._diagonals:
            self.spread[rows[:, None], kept] = spread

    def _alone(self, kept: Index, rows: Index) -> tuple[Numbers, Numbers]:
        triangle = lower_factor(_block(self._whole, kept))
        right = self._some(self._targets, rows, kept)
        if not self._diagonals:
            solve_triangle(triangle, right)
            return solve_triangle(triangle, right, transposed=True), right
        inverse = invert_triangle(triangle)
        return right @ inverse @ inverse.T, np.einsum("ij,ij->i", inverse, inverse)

    def _from_all(self, kept: Index, lost: Index, rows: Index) -> tuple[Numbers, Numbers]:
        triangle = lower_factor(_block(self._inverse, lost))
        weights = self._some(self._all, rows, kept)
        moved = solve_triangle(triangle, self._some(self._all, rows, lost))
        if not self._diagonals:
            moved = solve_triangle(triangle, moved, transposed=True)
            return weights - (moved @ self._inverse[lost])[:, kept], weights
        reach = solve_triangle(triangle, _across(self._inverse, kept, lost))
        spread = self._inverse[kept, kept] - np.einsum("ij,ij->i", reach, reach)
        # No entry is smaller than with no other input: rounding could make it so.
        return weights - moved @ reach.T, np.maximum(spread, 1 / self._whole[kept, kept])

    def _some(self, values: Numbers, rows: Index, columns: Index) -> Numbers:
        """Entries of some rows and columns; no row where there are no targets."""
        wanted = rows if self._fits else rows[:0]
        return np.ascontiguousarray(values[wanted[:, None], columns])


@compiled
def _block(matrix: Numbers, index: Index) -> Numbers:
    """The lower triangle by columns: row j holds entries j, j + 1, ... of column j, the rest 0."""
    size = len(index)
    block = np.empty((size, size))
    for j in range(size):
        block[j, :j] = 0.0
        row = matrix[index[j]]
        for i in range(j, size):
            block[j, i] = row[index[i]]
    return block


@compiled
def _across(matrix: Numbers, rows: Index, columns: Index) -> Numbers:
    """Entries of some rows and columns: NumPy's own takes several times as long."""
    block = np.empty((len(rows), len(columns)))
    for j in range(len(rows)):
        row = matrix[rows[j]]
        for i in range(len(columns)):
            block[j, i] = row[columns[i]]
    return block
