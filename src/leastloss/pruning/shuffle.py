"""The shuffled mask: as many parts of every layer as another path removes, and none of its choice.

What a path gains over its own masks with the parts of each layer shuffled is due to which parts it
chose; what they share is due to how many of each layer went (Frankle et al. 2021, "Pruning neural
networks at initialization: why are we missing the mark?", arXiv 2009.08576).
"""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leastloss.controls import SHUFFLED
from leastloss.criteria import negative
from leastloss.data import as_data
from leastloss.errors import InputError
from leastloss.models import PRUNED, BinaryLayer, Masks, weight_layers
from leastloss.pruning.extremes import all_remarks
from leastloss.pruning.masks import Parts, apply_masks
from leastloss.pruning.measure import Record
from leastloss.pruning.noise import noisy_splits
from leastloss.pruning.path import PruningPath, Step
from leastloss.pruning.recovery.base import Recovery
from leastloss.pruning.recovery.registry import as_recovery
from leastloss.pruning.schedule import within
from leastloss.seeds import stream


@dataclass(frozen=True, eq=False)
class ShuffledPath(PruningPath):
    """A path whose masks are drawn anew at each step: none contains the one before.

    Attributes:
        removed: Step's number of removals -> the parts that are gone then.
    """

    removed: dict[int, NDArray[np.int64]] | None = None

    def removed_parts(self, count: int) -> NDArray[np.int64]:
        """The parts that are gone at a step.

        Raises:
            InputError: If no step removes so many.
        """
        by_count = self.removed or {}
        if count not in by_count:
            shares = ", ".join(f"{number / len(self.parts):.4g}" for number in by_count)
            raise InputError(
                f"a shuffled path has no network with {count} parts removed, but at its steps "
                f"alone: {shares}"
            )
        return by_count[count]


def shuffled(
    path: PruningPath,
    data: Any,
    recovery: str | Recovery | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> ShuffledPath:
    """Shuffle the masks of a path within each layer, at every step anew.

    At each step, and each of its rounds, exactly as many parts of each layer are gone as on the
    path (with ``balance="polarity"``, as many of each sign too), drawn evenly. The network goes on
    from its own last step, as that of the path does: a weight that comes back has its dense value,
    and the same recovery follows.

    Where the recovery has no memory, one such step is one more draw of ``random`` with the path's
    layer ratios; where it has (fine-tuning), the network cannot grow used to one mask.

    Args:
        path: The path of :func:`leastloss.prune`.
        data: What it was pruned with.
        recovery: That of the path; needed where it is none of those with a name.
        on_step: Called with each finished step.

    Returns:
        A path with the same steps; its first one is that of ``path``.

    Example:
        >>> import leastloss as ll
        >>> data = ll.load_data("digits", seed=0)
        >>> model = ll.MLP(data.features, (16,), data.classes)
        >>> path = ll.prune(model, data, "magnitude", sparsities=[0.5, 0.7], progress=False)
        >>> same = shuffled(path, data)
        >>> columns = ["sparsity_layer_0", "sparsity_layer_1"]
        >>> same.settings["criterion"], same.table()[columns].equals(path.table()[columns])
        ('shuffled@magnitude', True)
    """
    path_settings, parts, data = path.settings, path.parts, as_data(data)
    if path.steps[0].removed != len(parts.held):
        raise InputError("the path goes on from another one; shuffle one that begins dense")
    chosen = as_recovery(str(path_settings["recovery"]) if recovery is None else recovery)
    seed = _integer(path_settings["seed"])
    noise = path_settings["noise"] if isinstance(path_settings["noise"], Sequence) else ()
    record = Record(
        dense=path.dense,
        parts=parts,
        data=data,
        noisy=noisy_splits(data.test, list(noise), seed, data.train),
        on_step=on_step,
        steps=[path.steps[0]],
    )
    cuts = np.array([step.removed for step in path.steps[1:]], dtype=np.int64)
    missing = parts.held
    substeps, spacing = _integer(path_settings["substeps"]), str(path_settings["spacing"])
    rounds = within(cuts, len(parts), substeps, spacing, len(missing))
    group, generator = _groups(path), stream(seed, "shuffled")
    work = copy.deepcopy(path.dense)
    repair = chosen.begin(path.dense, data, seed)
    removed = {len(missing): missing}
    for step in rounds:
        clock = time.perf_counter()
        for cut in step:
            drawn = shuffle_within(path.removed_parts(int(cut)), group, generator, missing)
            order = np.concatenate([missing, np.setdiff1d(drawn, missing)])
            masks = parts.masks(order)
            _bring_back(work, path.dense, masks)
            apply_masks(work, masks)
            repair(work, masks)
        removed[len(order)] = order
        repairing = time.perf_counter() - clock
        record.add(
            work,
            order,
            {"ties_at_cut": float("nan"), "score_seconds": 0.0, "repair_seconds": repairing},
        )
    label = str(path_settings["criterion"])
    settings = {**path_settings, "criterion": f"{SHUFFLED}@{label}", "allocation": label}
    settings |= {"options": {}, "facts": {}}
    shuffled_path = ShuffledPath(
        path.dense,
        parts,
        order,
        tuple(record.steps),
        settings,
        repair if chosen.memoryless else None,
        path.dense_predicted,
        removed=removed,
    )
    return replace(shuffled_path, remarks=all_remarks(shuffled_path, data.test))


def shuffle_within(
    removed: NDArray[np.int64],
    group: NDArray[np.int64],
    generator: np.random.Generator,
    fixed: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Draw as many parts of every group as there are in ``removed``; those in ``fixed`` stay gone.

    ``group`` is the number of each part's group, shape (parts,). Returns the numbers of the drawn
    parts, ascending.

    Example:
        >>> group = np.array([0, 0, 0, 1, 1])
        >>> drawn = shuffle_within(np.array([4, 0, 1]), group, np.random.default_rng(0))
        >>> np.bincount(group[drawn])
        array([2, 1])
    """
    counts = np.bincount(group[removed], minlength=int(group.max()) + 1)
    place = generator.random(len(group))
    if fixed is not None:
        place[fixed] = -1.0  # before all others of their group
    order = np.lexsort((place, group))  # by group, and within it at random
    first = np.concatenate([[0], np.cumsum(np.bincount(group))[:-1]])
    rank = np.arange(len(group)) - first[group[order]]
    return np.sort(order[rank < counts[group[order]]])


def _groups(path: PruningPath) -> NDArray[np.int64]:
    parts: Parts = path.parts
    if path.settings["balance"] == "none":
        return parts.layer_of
    return 2 * parts.layer_of + negative(path.dense, parts.dense)


@torch.no_grad()
def _bring_back(model: nn.Module, dense: nn.Module, masks: Masks) -> None:
    """Give weights that are not pruned any more their dense values; binary layers keep theirs."""
    layers, before = weight_layers(model), weight_layers(dense)
    for name, mask in masks.items():
        layer = layers[name]
        if not isinstance(layer, BinaryLayer):
            last = getattr(layer, PRUNED, torch.ones_like(mask))
            layer.weight.copy_(torch.where(mask & ~last, before[name].weight, layer.weight))


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value
