"""Masks are the truth about what is pruned; parts are what can be pruned, numbered."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.criteria import GRANULARITIES, Granularity, Scores
from leastloss.errors import InputError, choose
from leastloss.models import (
    PRUNED,
    BinaryLayer,
    Layer,
    Masks,
    Units,
    find_units,
    mask_of,
    prunable_layers,
    weight_layers,
)


def full_masks(model: nn.Module, names: list[str] | None = None) -> Masks:
    """Masks that keep everything, one per prunable layer.

    Raises:
        InputError: If nothing can be pruned.

    Example:
        >>> {name: mask.shape for name, mask in full_masks(nn.Sequential(nn.Linear(3, 2))).items()}
        {'0': torch.Size([2, 3])}
    """
    layers = prunable_layers(model, names)
    return {name: torch.ones_like(m.weight, dtype=torch.bool) for name, m in layers.items()}


@torch.no_grad()
def apply_masks(model: nn.Module, masks: Masks) -> None:
    """Prune in place: set the mask of binary layers, zero the weights of all others.

    Float layers remember the mask in a buffer, so that training can hold it.
    """
    layers = prunable_layers(model, list(masks))
    for name, mask in masks.items():
        layer = layers[name]
        if isinstance(layer, BinaryLayer):
            layer.mask.copy_(mask)
        else:
            layer.register_buffer(PRUNED, mask.clone(), persistent=False)
            layer.weight.mul_(mask)


def _remembered(layer: Layer) -> Tensor:
    mask = mask_of(layer)
    return torch.ones_like(layer.weight, dtype=torch.bool) if mask is None else mask.bool()


def sparsity(masks: Masks) -> float:
    """Share of the maskable weights that are pruned, in [0, 1]."""
    remaining = sum(int(mask.sum()) for mask in masks.values())
    return 1.0 - remaining / sum(mask.numel() for mask in masks.values())


def dead_units(masks: Masks, units: Units) -> int:
    """Count hidden units that nothing enters or that nothing leaves, by the masks."""
    return sum(int((~(enters & leaves)).sum()) for enters, leaves in _links(masks, units))


def _links(masks: Masks, units: Units) -> Iterator[tuple[Tensor, Tensor]]:
    """Of the units of each hidden layer, whether a weight enters them, and whether one leaves."""
    for coupled in units.values():
        yield coupled.entering(masks).any(dim=1), coupled.leaving(masks).any(dim=1)


def _made_by(names: list[str], units: Units, left_out: dict[str, str]) -> Units:
    """The units that some layers make.

    Raises:
        InputError: If one of them makes none that the network can lose.
    """
    makers = [name for coupled in units.values() for name in coupled.rows]
    for name in names:
        if name in left_out:
            raise InputError(f"the units of layer {name!r} {left_out[name]}; leave it out")
        choose("layer with hidden units", name, makers)
    return {first: coupled for first, coupled in units.items() if {*names} & {*coupled.rows}}


def _coupled_layers(model: nn.Module, units: Units) -> list[str]:
    """Names of the layers that make units or read them, in the network's order."""
    coupled = {name for unit in units.values() for name in (*unit.rows, *unit.columns)}
    return [name for name in weight_layers(model) if name in coupled]


@dataclass(frozen=True, eq=False)
class Parts:
    """The numbered parts of a network: single weights, or hidden units.

    Parts are numbered over the concatenation of the layers, weights in C order.

    Attributes:
        granularity: ``weight`` or ``unit``.
        dense: The masks before any removal. For weights they keep everything; for units they leave
            out the single weights that the network came without.
        units: The hidden units; empty for weights.
        held: Numbers of the parts that the network came without, ascending: they count as removed
            from the first row on, and every removal order begins with them.
        left_out: Layer -> why its units are no parts, for those that the network cannot lose.
    """

    granularity: Granularity
    dense: Masks
    units: Units
    held: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: nn.Module,
        granularity: str,
        names: list[str] | None = None,
        sample: Tensor | None = None,
    ) -> "Parts":
        """Number the parts of a model; those that its masks leave out are held.

        A unit is left out if nothing enters it and nothing leaves it.

        Args:
            model: The network.
            granularity: ``weight`` or ``unit``.
            names: The layers whose weights are parts, or that make the units (one of the layers
                that make them together will do); all of them when omitted.
            sample: A few samples, shape (n, ...), to look for units with; see
                :func:`leastloss.models.unit_search.find_units`.

        Raises:
            InputError: If the granularity is unknown or the model has no such parts.
        """
        chosen = cast(Granularity, choose("granularity", granularity, GRANULARITIES))
        left_out, units = dict[str, str](), Units()
        if chosen == "unit":
            units, left_out = find_units(model, sample)
            if names is not None:
                units, left_out = _made_by(names, units, left_out), {}
            names = _coupled_layers(model, units)
        layers = prunable_layers(model, names)
        masks = {name: _remembered(layer) for name, layer in layers.items()}
        if chosen == "weight":
            mask_values = torch.cat([mask.flatten().cpu() for mask in masks.values()])
            return cls(chosen, full_masks(model, names), {}, np.flatnonzero(~mask_values.numpy()))
        unlinked = [~(enters | leaves).cpu() for enters, leaves in _links(masks, units)]
        return cls(chosen, masks, units, np.flatnonzero(torch.cat(unlinked).numpy()), left_out)

    @property
    def sizes(self) -> dict[str, int]:
        """Layer name -> number of parts in it."""
        if self.granularity == "unit":
            return {name: len(coupled) for name, coupled in self.units.items()}
        return {name: mask.numel() for name, mask in self.dense.items()}

    @property
    def layer_of(self) -> NDArray[np.int64]:
        """Index of each part's layer, shape (parts,)."""
        sizes = list(self.sizes.values())
        return np.repeat(np.arange(len(sizes)), sizes)

    def __len__(self) -> int:
        return sum(self.sizes.values())

    def check_room(self, removed: int, *, empty_layers: bool = False) -> None:
        """Refuse to remove so many parts that a layer would lose its last one.

        Args:
            removed: How many are gone in the end.
            empty_layers: Whether layers may lose their last weight; they never lose their last
                unit.

        Raises:
            InputError: If fewer parts than layers would be left.
        """
        missing = np.bincount(self.layer_of[self.held], minlength=len(self.sizes))
        layers = int((missing < np.array(list(self.sizes.values()))).sum())
        weights = self.granularity == "weight"
        if removed <= len(self) - layers or (weights and empty_layers):
            return
        most = (len(self) - layers) / len(self)
        raise InputError(
            f"removing {removed} of {len(self)} {self.granularity}s would empty one of {layers} "
            f"layers; to_sparsity can be at most {most:.4g}"
            + (", or more with empty_layers=True" if weights else "")
        )

    def flatten(self, scores: Scores) -> NDArray[np.float64]:
        """Line up the scores of all layers, shape (parts,).

        Raises:
            InputError: If a layer is missing or has scores of another shape.
        """
        for name, size in self.sizes.items():
            if name not in scores or scores[name].size != size:
                shape = scores[name].shape if name in scores else "none"
                raise InputError(f"layer {name!r} needs {size} scores; given: {shape}")
        return np.concatenate([scores[name].ravel() for name in self.sizes], dtype=np.float64)

    def masks(self, removed: NDArray[np.int64]) -> Masks:
        """The masks after the removal of the parts with these numbers."""
        is_removed = np.zeros(len(self), dtype=bool)
        is_removed[removed] = True
        masks = {name: mask.clone() for name, mask in self.dense.items()}
        start = 0
        for name, size in self.sizes.items():
            piece = torch.from_numpy(is_removed[start : start + size])
            start += size
            if self.granularity == "weight":
                masks[name] &= ~piece.to(masks[name].device).view_as(masks[name])
            else:
                for layer, rows in self.units[name].rows.items():
                    masks[layer][rows[piece].flatten()] = False
                # After BatchNorm a unit without weights may still have a value: it is not read.
                for reader, columns in self.units[name].columns.items():
                    masks[reader][:, columns[piece].flatten()] = False
        return masks
