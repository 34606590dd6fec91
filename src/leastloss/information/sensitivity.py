"""How far complexity and removal order depend on the order of the hidden units.

A network computes the same whatever the order of its hidden units; BDM and block entropy do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr
from tqdm import tqdm

from leastloss.arguments import checked, computed
from leastloss.errors import InputError
from leastloss.information.complexity import count_blocks
from leastloss.information.inputs import encode
from leastloss.information.order import removal_order


@checked
@dataclass(frozen=True, kw_only=True)
class PermutationSensitivity:
    """What random orders of the hidden units change; the arrays hold one value per permutation."""

    given: float  # complexity in bits with the units as given
    complexities: NDArray[np.float64]
    correlations: NDArray[np.float64]  # of the weights' places in the removal order, with the given
    redrawn: NDArray[np.float64]  # the same for the units as given, the ties drawn anew: a ceiling

    @property
    def mean(self) -> float:
        """Mean complexity over the permutations, in bits."""
        return float(self.complexities.mean())

    @property
    def std(self) -> float:
        """Standard deviation of the complexity over the permutations, in bits."""
        return float(self.complexities.std(ddof=1))

    @property
    def mean_correlation(self) -> float:
        """Mean rank correlation of the removal orders with that of the units as given."""
        return float(self.correlations.mean())

    @property
    def std_correlation(self) -> float:
        """Standard deviation of that correlation over the permutations."""
        return float(self.correlations.std(ddof=1))


@computed
def permutation_sensitivity(
    layers: Sequence[ArrayLike],
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "periodic",
    strategy: str = "min_absolute",
    encoding: str = "polarity",
    permutations: int = 20,
    seed: int = 0,
) -> PermutationSensitivity:
    """Complexity and removal order of a network under random orders of its hidden units.

    The blocks of all planes of all layers are counted together. The removal orders are exact and
    sequential; weights that no block covers come last, in random order.

    Args:
        layers: Weights of -1, 0 and +1 of each layer of a chain, (outputs, inputs); unit j is row
            j of one layer and column j of the next.
        complexity: ``"bdm"`` or ``"entropy"``.
        block: Side of the blocks: 2, 3 or 4.
        boundary: ``"ignore"``, ``"recursive"``, ``"periodic"`` or ``"overlapping"``.
        strategy: One of ``STRATEGIES``.
        encoding: ``"polarity"`` or ``"sign"``; under ``"sign"`` the orders hold the +1 alone.
        permutations: How many random permutations of all hidden layers, at least 2.
        seed: Seed of the permutations and of the draws among ties.

    Returns:
        The complexity of the order given, and for every permutation the complexity and Spearman's
        correlation of the weights' places in the removal order with those of the order given.
        ``redrawn`` holds as many correlations with orders that differ by the draws among ties
        alone: what is below them is due to the permutation.

    Raises:
        InputError: If the layers are not a chain of at least two, hold fewer than two weights to
            remove, are not ternary or have no block, or an option is unknown.

    Example:
        >>> layers = [np.sign(np.random.default_rng(i).normal(size=(8, 8))) for i in range(2)]
        >>> sensitivity = permutation_sensitivity(layers, permutations=3)
        >>> sensitivity.complexities.shape, bool(sensitivity.std > 0)
        ((3,), True)
    """
    _check(permutations)
    chain = chain_of(layers)
    planes = [encode(layer, encoding) for layer in chain]
    counting: dict[str, Any] = {"block": block, "boundary": boundary}
    ordering = counting | {
        "complexity": complexity,
        "strategy": strategy,
        "uncovered": "last",
        "progress": False,  # one bar for all orders is enough
    }
    flat = [plane for both in planes for plane in both]
    first = removal_order(flat, seed=seed, **ordering)
    if len(first) < 2:
        raise InputError(f"the layers hold {len(first)} weight(s) to remove; at least 2 are needed")
    generator = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    complexities, correlations, redrawn = np.empty((3, permutations))
    for i in tqdm(range(permutations), desc="permutations", delay=2, disable=None):
        units = [generator.permutation(len(layer)) for layer in chain[:-1]]
        shuffled, origin = _shuffle(planes, units)
        complexities[i] = count_blocks(shuffled, listed=False, **counting).complexity(complexity)
        order = removal_order(shuffled, seed=generator, **ordering)
        correlations[i] = _correlation(first, origin[order])
        redrawn[i] = _correlation(first, removal_order(flat, seed=generator, **ordering))
    return PermutationSensitivity(
        given=count_blocks(flat, listed=False, **counting).complexity(complexity),
        complexities=complexities,
        correlations=correlations,
        redrawn=redrawn,
    )


def _check(permutations: object) -> None:
    if not isinstance(permutations, int) or permutations < 2:
        raise InputError(f"permutations is {permutations!r}; it must be an integer of at least 2")


def chain_of(layers: Sequence[ArrayLike]) -> list[NDArray[np.generic]]:
    """The layers as arrays.

    Raises:
        InputError: If they are not a chain of at least two.
    """
    chain = [np.asarray(layer) for layer in layers]
    if len(chain) < 2:
        raise InputError(f"{len(chain)} layer(s) were given; hidden units lie between two layers")
    for i, (layer, following) in enumerate(pairwise(chain)):
        if layer.ndim != 2 or following.ndim != 2 or len(layer) != following.shape[1]:
            raise InputError(
                f"layer {i} of shape {layer.shape} is followed by one of {following.shape}; each "
                "has to be (outputs, inputs), its inputs the outputs before"
            )
    return chain


def _shuffle(
    planes: Sequence[tuple[NDArray[np.uint8], ...]], units: Sequence[NDArray[np.int64]]
) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
    """Planes with their hidden units in another order, and where each of their cells was."""
    rows = [*units, np.arange(len(planes[-1][0]))]
    cols = [np.arange(planes[0][0].shape[1]), *units]
    shuffled, origin, base = [], [], 0
    for layer, row, col in zip(planes, rows, cols, strict=True):
        for plane in layer:
            places = base + np.arange(plane.size).reshape(plane.shape)
            shuffled.append(plane[np.ix_(row, col)])
            origin.append(places[np.ix_(row, col)].ravel())
            base += plane.size
    return shuffled, np.concatenate(origin)


def _correlation(order: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Spearman's correlation of the places of the same cells in two orders."""
    place = np.empty(int(order.max()) + 1)
    place[other] = np.arange(len(other))
    return float(spearmanr(np.arange(len(order)), place[order]).statistic)
