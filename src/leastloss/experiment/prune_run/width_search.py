"""The widest dense network that is no larger than a pruned one."""

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
    """Hidden widths of the largest dense network no larger than any pruned one, by step."""
    sizes, reasons = dict[int, tuple[int, ...]](), list[str]()
    for step in measured_steps(paths[0]):
        weights = min(remaining_weights(path, step) for path in paths)
        parameters = min(path.steps[step].metrics["parameters"] for path in paths)
        try:
            sizes[step] = widths_within(dense, weights, parameters)
        except InputError as error:
            reasons.append(str(error))
    if not sizes:
        raise InputError(reasons[-1])
    return sizes


def measured_steps(path: PruningPath, points: int = POINTS) -> list[int]:
    """Steps at which a small network is trained: the last, and some before it.

    They are evenly spaced in the logarithm of the remaining share: at 37, 14 and 5 % on the way to
    sparsity 0.95.
    """
    left = [log(1 - step.removed / len(path.parts)) for step in path.steps]
    wanted = [left[-1] * (i + 1) / points for i in range(points)]
    nearest = {min(range(1, len(left)), key=lambda i: abs(left[i] - want)) for want in wanted}
    return sorted(nearest)


def remaining_weights(path: PruningPath, step: int) -> int:
    """Number of weights left at a step, unpruned layers included."""
    masks = path.masks_at(path.steps[step].removed / len(path.parts))
    layers = weight_layers(path.dense)
    return sum(
        int(masks[name].sum()) if name in masks else layer.weight.numel()
        for name, layer in layers.items()
    )


def widths_within(dense: Dense, weights: float, parameters: float) -> tuple[int, ...]:
    """The hidden widths of the dense network, scaled by the largest factor that fits."""
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
        blocks: Number of leading convolutional blocks; images are halved where their width grows,
            so growth must stay growth.

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
    """A network like the dense one before its training, with other widths."""
    data, seed = dense.data, int(dense.settings["seed"])
    generator = torch_stream(seed, "initialisation")
    kind = dense.settings["model"]
    return build_model(kind, data.shape, widths, data.classes, generator=generator)


def _blocks(dense: Dense) -> int:
    return len(dense.model.hidden) - 1 if isinstance(dense.model, ConvNet) else 0


def count_weights(model: nn.Module) -> int:
    """The number of weights of all layers."""
    return sum(layer.weight.numel() for layer in weight_layers(model).values())
