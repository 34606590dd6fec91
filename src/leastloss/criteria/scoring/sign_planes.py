"""The signs of a network's kept weights as binary planes, and which weight each cell holds."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.criteria.base import ScoringContext
from leastloss.errors import InputError
from leastloss.information import encode, information_loss
from leastloss.models import CoupledLayers, Masks, hidden_units, prunable_layers
from leastloss.seeds import stream


@dataclass(frozen=True, kw_only=True, eq=False)
class Planes:
    """Binary matrices of all layers, layer by layer.

    Attributes:
        matrices: One uint8 matrix (outputs x fan-in) per layer and plane.
        pools: For each the number of the pool in which its blocks are counted.
        count: Planes per layer.
        weights: Layer name -> which weight of the layer each cell holds, of the matrices' shape.
        units: Layer name -> which unit each row holds.
    """

    matrices: list[NDArray[np.uint8]]
    pools: list[int]
    count: int
    weights: dict[str, NDArray[np.int64]]
    units: dict[str, NDArray[np.int64]]

    @property
    def part_of(self) -> NDArray[np.int64]:
        """Which weight, over all layers, each cell of the concatenated matrices holds."""
        start, parts = 0, []
        for weights in self.weights.values():
            parts += [start + weights.ravel()] * self.count
            start += weights.size
        return np.concatenate(parts)

    def of_layer(self, name: str) -> list[int]:
        """The numbers of the matrices of a layer."""
        first = list(self.weights).index(name) * self.count
        return list(range(first, first + self.count))

    def unit_sets(self, coupled: CoupledLayers, masks: Masks) -> list[NDArray[np.int64]]:
        """The cells of each unit, numbered over all matrices: what enters it, then what leaves it.

        Args:
            coupled: The layers that make the units or read them.
            masks: Of the shapes of the weights.
        """
        starts = np.cumsum([0, *(matrix.size for matrix in self.matrices)])
        pieces = []
        for by_layer in (coupled.rows, coupled.columns):
            for layer, indices in by_layer.items():
                high, wide = self.weights[layer].shape
                order = np.argsort(self.weights[layer], axis=None)  # of every weight
                cells: NDArray[np.intp] = order.reshape(high, masks[layer].shape[1], -1)
                if by_layer is coupled.columns:
                    cells = cells.swapaxes(0, 1)
                entries = cells[indices.numpy()].reshape(len(coupled), -1)
                key = (
                    entries if by_layer is coupled.rows else entries % wide * high + entries // wide
                )
                entries = np.take_along_axis(entries, key.argsort(axis=1), axis=1)
                pieces += [starts[matrix] + entries for matrix in self.of_layer(layer)]
        return list(np.concatenate(pieces, axis=1))

    def back(self, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of a layer's cells in the order of its weights."""
        flat = np.empty(values.size)
        flat[self.weights[name].ravel()] = values.ravel()
        return flat.reshape(values.shape)


def planes_of(
    context: ScoringContext, encoding: str, *, pooled: bool, by_sign: bool, hidden_order: int
) -> Planes:
    """Encode the kept weights.

    Args:
        context: The network and its masks.
        encoding: ``polarity`` or ``sign``.
        pooled: Count the blocks of all layers together, or of each layer alone.
        by_sign: Count the blocks of each plane of a layer apart.
        hidden_order: 0 for the hidden units as they were trained, n > 0 for the n-th random
            permutation of each layer's units.
    """
    layers = prunable_layers(context.model, list(context.masks))
    orders = hidden_orders(context, hidden_order)
    matrices: list[NDArray[np.uint8]] = []
    pools: list[int] = []
    weights, units = {}, {}
    for i, (name, mask) in enumerate(context.masks.items()):
        signs = torch.where(layers[name].weight.detach() >= 0, 1, -1) * mask
        ternary = signs.flatten(1).to(torch.int8).cpu().numpy()
        rows, columns = (
            np.arange(size) if order is None else order
            for size, order in zip(ternary.shape, orders.get(name, (None, None)), strict=True)
        )
        cells = rows[:, None] * ternary.shape[1] + columns
        encoded = encode(np.ascontiguousarray(ternary.ravel()[cells]), encoding)
        matrices += encoded
        first = 0 if pooled else i * len(encoded)
        pools += [first + by_sign * plane for plane in range(len(encoded))]
        weights[name], units[name] = cells, rows
    count = len(matrices) // len(weights)
    return Planes(matrices=matrices, pools=pools, count=count, weights=weights, units=units)


HiddenOrders: TypeAlias = dict[str, tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]]


def hidden_orders(context: ScoringContext, number: int) -> HiddenOrders:
    """Layer name -> the order of its outputs and of its inputs, where it is not as trained.

    Raises:
        InputError: If the layers are no chain with hidden units, and ``number`` is not 0.
    """
    if not number:
        return {}
    orders: HiddenOrders = {}
    layers = prunable_layers(context.model)
    try:
        readers = hidden_units(context.model)
    except InputError:
        raise InputError("hidden_order needs hidden units in a chain of layers") from None
    for name, reader in readers.items():
        units = layers[name].weight.shape[0]
        order = stream(number, f"hidden-order/{name}").permutation(units)
        orders[name] = (order, orders.get(name, (None, None))[1])
        inputs = np.arange(layers[reader].weight.flatten(1).shape[1]).reshape(units, -1)
        orders[reader] = (None, inputs[order].ravel())
    return orders


def losses_of(
    planes: Planes, device: torch.device, *, complexity: str, block: int, boundary: str
) -> list[NDArray[np.float64]]:
    """Information loss of every cell of every matrix, NaN where it is 0.

    Where the weights lie on a CUDA device it is computed there, on all others in NumPy.
    """
    if device.type == "cuda":
        return losses_on(device, planes, complexity=complexity, block=block, boundary=boundary)
    losses = information_loss(
        planes.matrices, complexity=complexity, block=block, boundary=boundary, pooled=planes.pools
    )
    return list(losses)


def losses_on(
    device: torch.device, planes: Planes, *, complexity: str, block: int, boundary: str
) -> list[NDArray[np.float64]]:
    """As :func:`losses_of`, in torch on a device."""
    from leastloss.information import torch_backend  # for those who need it

    losses = torch_backend.information_loss(
        [torch.from_numpy(matrix).to(device) for matrix in planes.matrices],
        complexity=complexity,
        block=block,
        boundary=boundary,
        pooled=planes.pools,
    )
    return [loss.cpu().numpy() for loss in losses]
