"""Masks are the truth about what is pruned; parts are what can be pruned, numbered."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leastloss.criteria import GRANULARITIES, Granularity, Scores
from leastloss.errors import InputError
from leastloss.models.binarize import BinaryLinear
from leastloss.models.layers import PRUNED, Masks, mask_of, prunable_layers
from leastloss.models.units import hidden_units, sort_by_unit
from leastloss.names import choose


def full_masks(model: nn.Module, names: list[str] | None = None) -> Masks:
    """Masks that keep everything, one per prunable layer.

    Raises:
        InputError: If nothing can be pruned or a layer is pruned already.

    Example:
        >>> {name: mask.shape for name, mask in full_masks(nn.Sequential(nn.Linear(3, 2))).items()}
        {'0': torch.Size([2, 3])}
    """
    layers = prunable_layers(model, names)
    for name, layer in layers.items():
        mask = mask_of(layer)
        if mask is not None and not bool(mask.all()):
            raise InputError(f"layer {name!r} is pruned already; start from the dense model")
    return {name: torch.ones_like(m.weight, dtype=torch.bool) for name, m in layers.items()}


@torch.no_grad()
def apply_masks(model: nn.Module, masks: Masks) -> None:
    """Prune in place: set the mask of binary layers, zero the weights of all others.

    Float layers remember the mask in a buffer, so that training can hold it.
    """
    layers = prunable_layers(model, list(masks))
    for name, mask in masks.items():
        layer = layers[name]
        if isinstance(layer, BinaryLinear):
            layer.mask.copy_(mask)
        else:
            layer.register_buffer(PRUNED, mask.clone(), persistent=False)
            layer.weight.mul_(mask)


def sparsity(masks: Masks) -> float:
    """Share of the maskable weights that are pruned, in [0, 1]."""
    kept = sum(int(mask.sum()) for mask in masks.values())
    return 1.0 - kept / sum(mask.numel() for mask in masks.values())


def dead_units(masks: Masks, consumers: dict[str, str]) -> int:
    """Count hidden units that nothing enters or that nothing leaves, by the masks."""
    dead = 0
    for name, consumer in consumers.items():
        enters = masks[name].flatten(1).any(dim=1)
        leaves = sort_by_unit(masks[consumer], len(enters)).any(dim=2).any(dim=0)
        dead += int((~(enters & leaves)).sum())
    return dead


@dataclass(frozen=True, eq=False)
class Parts:
    """The numbered parts of a network: single weights, or hidden units.

    Parts are numbered over the concatenation of the layers, weights in C order.

    Attributes:
        granularity: ``weight`` or ``unit``.
        dense: The masks before any removal.
        consumers: Hidden layer -> layer that reads its units; empty for weights.
    """

    granularity: Granularity
    dense: Masks
    consumers: dict[str, str]

    @classmethod
    def of(cls, model: nn.Module, granularity: str, names: list[str] | None = None) -> "Parts":
        """Number the parts of a model.

        Raises:
            InputError: If the granularity is unknown or the model has no such parts.
        """
        chosen: Literal["weight", "unit"] = (
            "unit" if choose("granularity", granularity, GRANULARITIES) == "unit" else "weight"
        )
        if chosen == "unit" and names is not None:
            raise InputError("layers can be named for the granularity 'weight' only")
        masks = full_masks(model, names)
        return cls(chosen, masks, hidden_units(model) if chosen == "unit" else {})

    @property
    def sizes(self) -> dict[str, int]:
        """Layer name -> number of parts in it."""
        if self.granularity == "unit":
            return {name: self.dense[name].shape[0] for name in self.consumers}
        return {name: mask.numel() for name, mask in self.dense.items()}

    @property
    def layer_of(self) -> NDArray[np.int64]:
        """Index of each part's layer, shape (parts,)."""
        sizes = list(self.sizes.values())
        return np.repeat(np.arange(len(sizes)), sizes)

    def __len__(self) -> int:
        return sum(self.sizes.values())

    def check_room(self, removed: int) -> None:
        """Refuse to remove so many units that a layer would lose its last one.

        Raises:
            InputError: If fewer units than layers would be left.
        """
        layers = len(self.sizes)
        if self.granularity == "unit" and removed > len(self) - layers:
            most = (len(self) - layers) / len(self)
            raise InputError(
                f"removing {removed} of {len(self)} units would empty one of {layers} layers; "
                f"to_sparsity can be at most {most:.4g}"
            )

    def flatten(self, scores: Scores) -> NDArray[np.float64]:
        """Line up the scores of all layers, shape (parts,).

        Raises:
            InputError: If a layer is missing or has scores of another shape.
        """
        for name, size in self.sizes.items():
            if name not in scores or scores[name].size != size:
                given = scores[name].shape if name in scores else "none"
                raise InputError(f"layer {name!r} needs {size} scores; given: {given}")
        return np.concatenate([np.asarray(scores[n], np.float64).ravel() for n in self.sizes])

    def masks(self, removed: NDArray[np.int64]) -> Masks:
        """The masks after the removal of the parts with these numbers."""
        gone = np.zeros(len(self), dtype=bool)
        gone[removed] = True
        masks = {name: mask.clone() for name, mask in self.dense.items()}
        start = 0
        for name, size in self.sizes.items():
            piece = torch.from_numpy(gone[start : start + size]).to(masks[name].device)
            start += size
            if self.granularity == "weight":
                masks[name] &= ~piece.view_as(masks[name])
            else:
                masks[name][piece] = False
                reader = masks[self.consumers[name]]
                # After BatchNorm a unit without weights may still have a value: it is not read.
                unread = piece[:, None].expand_as(sort_by_unit(reader, size))
                reader &= ~unread.reshape(reader.shape)
        return masks
