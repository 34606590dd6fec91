"""A network that a path goes on from, and what is gone in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models import hold_zeros, mismatched, own_copy
from leastloss.pruning.masks import Parts, apply_masks
from leastloss.pruning.path import PruningPath


@dataclass(frozen=True, eq=False)
class Pruned:
    """A network on a path.

    Attributes:
        model: The network, with its masks.
        order: Numbers of the parts that are gone in it, in the order in which they went; None where
            that is not known.
    """

    model: nn.Module
    order: NDArray[np.int64] | None = None


def pruned_from(
    dense: nn.Module,
    parts: Parts,
    resume: nn.Module | PruningPath | Pruned,
    names: list[str] | None,
    sample: Tensor,
) -> tuple[nn.Module, NDArray[np.int64]]:
    """Check that a network was pruned from another one, and tell which parts are gone.

    ``dense`` holds its zeros already; ``names``, ``sample`` and ``parts`` are as in
    :meth:`Parts.of`. A path stands for its last network. Returns a copy of the pruned network.

    Raises:
        InputError: If its layers are others, or more or less is gone in it than such parts.
    """
    if isinstance(resume, PruningPath):
        last = resume.steps[-1].removed
        resume = Pruned(resume.model_at(last / len(resume.parts)), resume.removed_parts(last))
    pruned = resume if isinstance(resume, Pruned) else Pruned(resume)
    model = own_copy(pruned.model).eval()
    _check_layers(dense, model)
    hold_zeros(model, "held")
    resumed = Parts.of(model, parts.granularity, names, sample)
    order = pruned.order
    if order is None or set(order.tolist()) != set(resumed.held.tolist()):
        # What the dense network lacked went first.
        order = np.concatenate([parts.held, np.setdiff1d(resumed.held, parts.held)])
    masks, theirs = parts.masks(order), resumed.masks(resumed.held)
    off = [name for name, mask in masks.items() if not mask.equal(theirs[name].to(mask.device))]
    if off or len(order) != len(resumed.held):
        raise InputError(
            f"resume has other zeros in layer {(off or list(masks))[0]!r} than come of removing "
            f"{parts.granularity}s of this model; go on with the model, the granularity and the "
            "layers that it was pruned by"
        )
    apply_masks(model, masks)
    return model, order


def _check_layers(dense: nn.Module, model: nn.Module) -> None:
    odd = mismatched(dense, model)
    if odd:
        raise InputError(
            f"resume is no network pruned from this model: they differ in {odd[0]!r}; one that was "
            "compacted cannot go on"
        )
