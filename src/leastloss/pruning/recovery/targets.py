"""The targets of a repair: the dense network's pre-activations."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from leastloss.activations import (
    PARTED,
    LayerCache,
    Samples,
    moments_with_targets,
    outputs_of,
    positions_of,
)
from leastloss.errors import InputError
from leastloss.models import Layer, evaluation_mode, hooked, matched, weight_layers


class Targets:
    """The dense network's pre-activations, and moments of a layer's inputs with them.

    Args:
        dense: The network before any removal; it is left as it is.
        samples: What it reads, without the noise.
    """

    def __init__(self, dense: nn.Module, samples: Samples) -> None:
        self._dense, self._samples = dense, samples
        self._values: dict[str, list[Tensor]] = {}
        self._cross = LayerCache()

    @torch.no_grad()
    def note(self, names: Iterable[str]) -> None:
        """Run the dense network once for those layers whose targets are not noted yet."""
        layers = weight_layers(self._dense)
        new = {name: layers[name] for name in names if name not in self._values}
        self._values |= {name: [] for name in new}
        samples, piece = self._samples, slice(None)

        def look(name: str, _: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
            starts, most = samples.starts[piece], positions_of(new[name], samples)
            # A copy: what follows may work in place.
            self._values[name].append(outputs_of(new[name], output, starts, most).clone())

        if new:
            with evaluation_mode(self._dense), hooked(new, look):
                for piece in samples.batches(self._dense):
                    self._dense(matched(self._dense, samples.clean[piece]))

    def store(self, model: nn.Module, name: str, key: bytes, cross: Tensor) -> None:
        """Store a layer's moments with its targets under the key of the network as it now is."""
        self._cross.put(model, name, "moments with targets", key, cross)

    def moments(
        self, model: nn.Module, name: str, layer: Layer, key: bytes, inputs: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Second moments of the inputs, and their moments with the targets, by group.

        ``key`` is that of what the layer reads (:func:`leastloss.activations.reading_keys`),
        ``inputs`` are by batch.

        Raises:
            InputError: If they are not finite.
        """
        samples = self._samples
        moments = samples.cache.get(model, name, "moments", key)
        cross = self._cross.get(model, name, "moments with targets", key)
        if moments is not None and cross is not None:  # mostly so in the first layer
            return moments, cross
        pieces, targets = list(samples.batches(model)), self._values[name]
        if not len(pieces) == len(inputs) == len(targets):
            raise InputError(f"runs {PARTED}")
        total = moments_with_targets(name, layer, inputs, targets, samples, pieces)
        if not torch.isfinite(total).all():
            raise InputError(f"inputs of layer {name!r} are not finite (NaN or infinity)")
        moments, cross = total.split([total.shape[1], total.shape[2] - total.shape[1]], dim=2)
        return moments, cross
