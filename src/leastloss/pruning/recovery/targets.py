"""The targets of a repair: the dense network's pre-activations."""

import torch
from torch import Tensor, nn

from leastloss.activations import LayerCache, Samples, layer_rows, moments_of
from leastloss.errors import InputError
from leastloss.models import Layer, weight_layers


class Targets:
    """The dense network's pre-activations, and moments of a layer's inputs with them."""

    def __init__(self, dense: nn.Module, samples: Samples) -> None:
        self._samples, self._dense = samples, dense
        self._layers = weight_layers(dense)
        self._values: dict[str, list[Tensor]] = {}
        self._cross = LayerCache()

    def moments(
        self, model: nn.Module, name: str, layer: Layer, key: bytes
    ) -> tuple[Tensor, Tensor]:
        """Second moments of the inputs, and their moments with the targets, by group."""
        inputs = self._samples.cache.get(model, name, "moments", key)
        cross = self._cross.get(model, name, "moments with targets", key)
        if inputs is not None and cross is not None:  # mostly so in the first layer
            return inputs, cross
        values = self._values.get(name)
        if values is None:
            values = self._values[name] = self._of(name)
        count, parts = len(self._samples.x), []
        for piece, value in zip(self._samples.batches(model), values, strict=True):
            rows = layer_rows(model, layer, self._samples.x[piece], count)
            # Targets ride along as further columns: one product gives both moments.
            both = torch.cat([rows, value], dim=-1)
            parts.append(moments_of(rows, both, self._samples.weights[piece]))
        total = torch.stack(parts).sum(dim=0)
        inputs, cross = total.split([total.shape[1], total.shape[2] - total.shape[1]], dim=2)
        if not (torch.isfinite(inputs).all() and torch.isfinite(cross).all()):
            raise InputError(f"inputs of layer {name!r} are not finite (NaN or infinity)")
        self._samples.cache.put(model, name, "moments", key, inputs)
        self._cross.put(model, name, "moments with targets", key, cross)
        return inputs, cross

    def _of(self, name: str) -> list[Tensor]:
        """Pre-activations on the clean inputs, by batch: (n, positions, groups, units)."""
        layer, count = self._layers[name], len(self._samples.x)
        weight = layer.weight.flatten(1)
        if layer.bias is not None:
            weight = torch.cat([weight, layer.bias[:, None]], dim=1)
        values = []
        for piece in self._samples.batches(self._dense):
            rows = layer_rows(self._dense, layer, self._samples.clean[piece], count)
            groups = weight.view(rows.shape[2], -1, weight.shape[1])
            values.append(torch.einsum("npgd,god->npgo", rows, groups))
        return values
