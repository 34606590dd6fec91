"""The optimal brain surgeon one weight at a time: which goes next once all rows are fitted again.

A row with kept inputs K, weights w and ``H = S_KK + ridge`` loses ``w_a^2 / [H^-1]_aa`` when weight
a goes and the others are fitted again (Hassibi and Stork 1993). Then

    w <- w - w_a / [H^-1]_aa H^-1 e_a,    H^-1 <- H^-1 - H^-1 e_a e_a^T H^-1 / [H^-1]_aa

and the cheapest of what is left goes next. Rows do not touch each other, so the order of all is the
merge of theirs: the greedy order of ExactOBS (Frantar and Alistarh 2022, algorithms 1 and 2), here
over the rows of any number of layers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry.compensation import check_problem
from leastloss.geometry.row_factors import factors
from leastloss.geometry.row_orders import Bound, Trace, merge, trace


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows that read the same d inputs, of which the last may be fitted but never go (a bias).

    Attributes:
        moments: S, shape (d, d), float64, positive semi-definite.
        ridge: Added to the diagonal of S, shape (d,), above 0.
        weights: What may go, shape (rows, inputs), ``inputs <= d``.
        mask: True where a weight is kept, of the same shape.
        factor: What costs of each row count, shape (rows,), at least 0.
    """

    moments: Tensor
    ridge: Tensor
    weights: Tensor
    mask: Tensor
    factor: Tensor


def surgeon_order(
    layers: Sequence[Rows], k: int, *, seed: int | np.random.Generator = 0
) -> NDArray[np.int64]:
    """Remove the ``k`` weights that cost least, one by one, their row fitted again after each.

    Args:
        layers: The rows; they are left as they are.
        k: How many to remove; at most all that are kept.
        seed: Decides between exactly equal costs.

    Returns:
        Weights in the order of removal, shape (k,), numbered over the concatenation of ``weights``
        in C order. Fewer removals are the beginning of more.

    Raises:
        InputError: If ``k`` is negative or above the number of weights that are kept, shapes do not
            fit, a number is not finite, a factor is below 0, or S is not positive semi-definite.

    Example:
        Inputs 0 and 1 are nearly the same. So 1 stands in for 0, but then costs more than 2.

        >>> s = torch.tensor([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]).double()
        >>> w = torch.tensor([[1.0, 1.1, 1.5]]).double()
        >>> ones = torch.ones(1).double()
        >>> row = Rows(moments=s, ridge=1e-9 * ones.expand(3), weights=w, mask=w > 0, factor=ones)
        >>> surgeon_order([row], 3).tolist()
        [0, 2, 1]
    """
    for rows in layers:
        _check(rows)
    total = sum(int(rows.mask.sum()) for rows in layers)
    if not 0 <= k <= total:
        raise InputError(f"k is {k}; it must lie in 0..{total}, the weights that are kept")
    priority = np.random.default_rng(seed).permutation(sum(r.weights.numel() for r in layers))
    bound, traces, start = Bound(k), list[Trace](), 0
    for rows in layers if k else ():
        for parts, costs in _traces(rows, priority[start : start + rows.weights.numel()], bound):
            traces.append((parts + start, costs))
        start += rows.weights.numel()
    return merge(traces, priority, k)


def _traces(rows: Rows, priority: NDArray[np.int64], bound: Bound) -> Iterator[Trace]:
    """The order of every row as far as the bound wants it; weights numbered in C order."""
    count, inputs = rows.weights.shape
    weights = rows.weights.detach().double().cpu().numpy()
    floors = (rows.moments.diagonal() + rows.ridge).reciprocal().cpu().numpy()
    shares = rows.factor.double().cpu().tolist()
    whole = torch.ones(count, len(rows.ridge), dtype=torch.bool, device=rows.moments.device)
    whole[:, :inputs] = rows.mask
    for group, support, factor, valid in factors(rows.moments, whole, rows.ridge):
        inverses = torch.cholesky_inverse(factor).cpu().numpy()
        columns = support.cpu().numpy()
        free = columns < inputs if valid is None else (valid & (support < inputs)).cpu().numpy()
        for number, row in enumerate(group.tolist()):
            alone = () if valid is None else number
            places = np.flatnonzero(free[alone])
            inputs_of_row = columns[alone][places]
            parts = row * inputs + inputs_of_row
            order, costs = trace(
                inverses[alone],
                places,
                weights[row, inputs_of_row],
                floors[inputs_of_row],
                priority[parts],
                shares[row],
                bound.value,
            )
            bound.see(costs)
            yield parts[order], costs


def _check(rows: Rows) -> None:
    count, inputs = rows.weights.shape if rows.weights.ndim == 2 else (-1, -1)
    if (
        rows.mask.shape != rows.weights.shape
        or rows.factor.shape != (count,)
        or not 0 <= inputs <= len(rows.ridge)
    ):
        raise InputError(
            f"weights {tuple(rows.weights.shape)}, mask {tuple(rows.mask.shape)}, factor "
            f"{tuple(rows.factor.shape)} and ridge {tuple(rows.ridge.shape)} do not fit; they must "
            "be (rows, inputs), the same, (rows,) and (d,) with d at least the inputs"
        )
    check_problem(rows.moments, rows.mask.new_ones(count, len(rows.ridge)), rows.ridge)
    if not torch.isfinite(rows.weights).all() or not torch.isfinite(rows.factor).all():
        raise InputError("weights and factors must be finite")
    if bool((rows.factor < 0).any()):
        raise InputError(f"a factor is {float(rows.factor.min()):g}; it must be at least 0")
