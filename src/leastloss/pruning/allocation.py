"""How many parts each layer loses at a sparsity, by rules that ignore the scores.

A rule turns a number of removals into real shares of layers; :func:`apportion` rounds them
to integers that add up and never bring back a part.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.criteria import lamp_scores

Rule: TypeAlias = Callable[[int], NDArray[np.float64]]
"""Number of removals -> how many of them are in each layer, shape (layers,), not yet rounded."""


def uniform(sizes: Sequence[int]) -> Rule:
    """The same share of every layer.

    Example:
        >>> uniform([60, 40])(50)
        array([30., 20.])
    """
    whole = np.asarray(sizes, dtype=np.float64)
    return lambda removed: whole * removed / whole.sum()


def erk(shapes: Sequence[Sequence[int]]) -> Rule:
    """Densities in proportion to (sum of a weight's dimensions) / (their product), at most 1.

    Args:
        shapes: The weight's shape of every layer: (out, in), or (out, in, height, width).

    Source:
        Evci et al. 2020, "Rigging the lottery" (arXiv 1911.11134); a layer that would be denser
        than it can be stays whole, and the others share what that leaves.

    Example:
        >>> removals = erk([(300, 784), (100, 300), (10, 100)])(247_000)
        >>> [round(float(share), 3) for share in 1 - removals / [235_200, 30_000, 1_000]]
        [0.057, 0.164, 1.0]
    """
    sizes = np.array([math.prod(shape) for shape in shapes], dtype=np.float64)
    scale = np.array([sum(shape) for shape in shapes], dtype=np.float64) / sizes

    def removals(removed: int) -> NDArray[np.float64]:
        remaining, whole = sizes.sum() - removed, np.zeros(len(sizes), dtype=bool)
        while True:
            room = remaining - sizes[whole].sum()
            open_ = float((scale * sizes)[~whole].sum())
            density = np.where(whole, 1.0, scale * room / open_ if open_ else 1.0)
            beyond = (density > 1.0) & ~whole
            if not beyond.any():
                return np.asarray(sizes * (1.0 - density))
            whole |= beyond

    return removals


def lamp(weights: Mapping[str, Tensor]) -> Rule:
    """Cut all layers' LAMP scores at one threshold, and count.

    Source:
        Lee et al. 2021, "Layer-adaptive sparsity for the magnitude-based pruning" (arXiv
        2010.07611).

    Example:
        >>> lamp({"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([1.0, 1.5])})(1)
        array([1., 0.])
    """
    scores = [lamp_scores(w, torch.ones_like(w, dtype=torch.bool)) for w in weights.values()]
    layer = np.repeat(np.arange(len(scores)), [score.numel() for score in scores])
    flat = np.concatenate([score.flatten().cpu().numpy() for score in scores])
    first = layer[np.argsort(flat, kind="stable")]
    return lambda removed: np.bincount(first[:removed], minlength=len(scores)).astype(np.float64)


def apportion(
    wanted: NDArray[np.float64], total: int, low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Integers within bounds that add up to ``total`` and lie as near as can be to what is wanted.

    All are moved by one shift until they add up; what rounding leaves goes to the largest
    remainders. Arrays have shape (layers,); ``total`` lies between the sums of the bounds.

    Example:
        >>> apportion(np.array([1.5, 1.5, 7.0]), 10, np.zeros(3, int), np.array([9, 9, 6]))
        array([2, 2, 6])
    """

    def moved(shift: float) -> NDArray[np.int64]:
        return np.clip(np.floor(wanted + shift), low, high).astype(np.int64)

    under, over = float((low - wanted).min()) - 1.0, float((high - wanted).max()) + 1.0
    for _ in range(100):
        middle = (under + over) / 2
        if moved(middle).sum() <= total:
            under = middle
        else:
            over = middle
    counts = moved(under)
    more = np.minimum(moved(over), counts + 1) > counts
    rest = np.where(more, wanted - counts, -np.inf)
    counts[np.argsort(-rest, kind="stable")[: total - int(counts.sum())]] += 1
    return counts
