"""The targets of a repair: the dense network's pre-activations."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from leastloss.activations import (
    PARTED,
    LayerCache,
    Samples,
    batch_moments,
    outputs_of,
    positions_of,
)
from leastloss.errors import InputError
from leastloss.models import Layer, evaluation_mode, hooked, matched


class Targets:
    """The dense network's pre-activations, and moments of a layer's inputs with them.

    Args:
        dense: The network before any removal; it runs once, on the samples without noise.
        layers: Its layers whose targets are noted.
        samples: What it reads.
    """

    def __init__(self, dense: nn.Module, layers: Mapping[str, Layer], samples: Samples) -> None:
        self._samples = samples
        self._values: dict[str, list[Tensor]] = {name: [] for name in layers}
        self._cross = LayerCache()
        piece = slice(None)

        def note(name: str, _: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
            starts, most = samples.starts[piece], positions_of(layers[name], samples)
            self._values[name].append(outputs_of(layers[name], output, starts, most))

        with torch.no_grad(), evaluation_mode(dense), hooked(layers, note):
            for piece in samples.batches(dense):
                dense(matched(dense, samples.clean[piece]))

    def moments(
        self, model: nn.Module, name: str, layer: Layer, key: bytes, inputs: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Second moments of the inputs, and their moments with the targets, by group.

        Args:
            model: The network that is repaired.
            name: The layer's name.
            layer: Its layer.
            key: Of what it reads (:func:`leastloss.activations.reading_keys`).
            inputs: What it reads, by batch.

        Raises:
            InputError: If they are not finite.
        """
        samples = self._samples
        moments = samples.cache.get(model, name, "moments", key)
        cross = self._cross.get(model, name, "moments with targets", key)
        if moments is not None and cross is not None:  # mostly so in the first layer
            return moments, cross
        total, pieces = None, list(samples.batches(model))
        if not len(pieces) == len(inputs) == len(self._values[name]):
            raise InputError(f"runs {PARTED}")
        for piece, values, target in zip(pieces, inputs, self._values[name], strict=True):
            part = batch_moments(name, layer, values, samples, piece, target)
            total = part if total is None else total.add_(part)
        assert total is not None  # a draw is never empty
        if not torch.isfinite(total).all():
            raise InputError(f"inputs of layer {name!r} are not finite (NaN or infinity)")
        moments, cross = total.split([total.shape[1], total.shape[2] - total.shape[1]], dim=2)
        self._cross.put(model, name, "moments with targets", key, cross)
        return moments, cross
