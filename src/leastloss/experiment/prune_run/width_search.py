"""How wide a dense network may be to be no larger than a pruned one."""

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log

from torch import nn

from leastloss.errors import InputError
from leastloss.experiment.dense import Dense
from leastloss.models import ConvNet, build_model, weight_layers
from leastloss.options import numbers
from leastloss.pruning import PruningPath
from leastloss.seeds import torch_stream

POINTS = 3


def sizes_of(dense: Dense, paths: Sequence[PruningPath]) -> dict[int, tuple[int, ...]]:
    """Hidden widths of a dense network no larger than any of the pruned ones, by step.

    Args:
        dense: The network that all paths start from.
        paths: With equal steps.

    Raises:
        InputError: If none is that small at any step; where it is at some, the others are left out.
    """
    sizes, reasons = dict[int, tuple[int, ...]](), list[str]()
    for step in measured_steps(paths[0]):
        weights = min(kept_weights(path, step) for path in paths)
        parameters = min(path.steps[step].metrics["parameters"] for path in paths)
        try:
            sizes[step] = widths_within(dense, weights, parameters)
        except InputError as error:
            reasons.append(str(error))
    if not sizes:
        raise InputError(reasons[-1])
    return sizes


def measured_steps(path: PruningPath, points: int = POINTS) -> list[int]:
    """Steps at which a small network is trained: the last, and some on the way.

    They lie evenly by the logarithm of the share that is kept: at 37, 14 and 5 % of it on the way
    to sparsity 0.95.
    """
    left = [log(1 - step.removed / len(path.parts)) for step in path.steps]
    wanted = [left[-1] * (i + 1) / points for i in range(points)]
    nearest = {min(range(1, len(left)), key=lambda i: abs(left[i] - want)) for want in wanted}
    return sorted(nearest)


def kept_weights(path: PruningPath, step: int) -> int:
    """Weights that a step keeps, those of layers that are not pruned among them."""
    masks = path.masks_at(path.steps[step].removed / len(path.parts))
    layers = weight_layers(path.dense)
    return sum(
        int(masks[name].sum()) if name in masks else layer.weight.numel()
        for name, layer in layers.items()
    )


def widths_within(dense: Dense, weights: float, parameters: float) -> tuple[int, ...]:
    """The hidden widths of the dense network, scaled by one factor as far as the size allows.

    Args:
        dense: The dense network.
        weights: Most weights of all layers.
        parameters: Most parameters in all.

    Raises:
        InputError: If the network has no hidden layer, or none is that small.
    """
    hidden = numbers(dense.settings["hidden"], int, "hidden")
    if not hidden:
        raise InputError(f"{dense.name} has no hidden layer whose width could be scaled")

    def fits(factor: float) -> bool:
        try:
            model = untrained(dense, scaled(hidden, factor, _blocks(dense)))
        except InputError:
            return False
        every = sum(value.numel() for value in model.parameters())
        return count_weights(model) <= weights and every <= parameters

    low, high = 0.0, 1.0
    if not fits(low):
        raise InputError(f"no dense {dense.settings['model']} has {weights:.0f} weights or fewer")
    while (high - low) * max(hidden) > 0.25:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return scaled(hidden, low, _blocks(dense))


def scaled(hidden: Sequence[int], factor: float, blocks: int = 0) -> tuple[int, ...]:
    """Scale widths by a factor, rounded down, each at least 1.

    Args:
        hidden: The widths.
        factor: In [0, 1].
        blocks: So many of the first are blocks of convolutions: where their width grows, an image
            is halved, and so it must here.

    Example:
        >>> scaled((300, 100), 0.101), scaled((8, 16, 16, 64), 0.1, blocks=3)
        ((30, 10), (1, 2, 2, 6))
    """
    widths = [max(1, floor(width * factor)) for width in hidden]
    for i, (before, after) in enumerate(pairwise(hidden[:blocks])):
        if before < after:
            widths[i + 1] = max(widths[i + 1], widths[i] + 1)
        elif before == after:
            widths[i + 1] = widths[i]
    return tuple(widths)


def untrained(dense: Dense, widths: tuple[int, ...]) -> nn.Module:
    """A network like the dense one as it was before its training, but for its widths."""
    data, seed = dense.data, int(dense.settings["seed"])
    generator = torch_stream(seed, "initialisation")
    kind = dense.settings["model"]
    return build_model(kind, data.shape, widths, data.classes, generator=generator)


def _blocks(dense: Dense) -> int:
    return len(dense.model.hidden) - 1 if isinstance(dense.model, ConvNet) else 0


def count_weights(model: nn.Module) -> int:
    """The number of weights of all layers."""
    return sum(layer.weight.numel() for layer in weight_layers(model).values())
