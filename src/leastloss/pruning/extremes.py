"""Remarks on a finished path: emptied layers, and classes that are lost or untested."""

from collections.abc import Sequence

import numpy as np
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from leastloss.data import Split
from leastloss.models import describe_dense, describe_zeros, zeros_of
from leastloss.pruning.masks import Parts
from leastloss.pruning.path import PruningPath

HARM = 0.005  # accuracy that a repair may take from the dense network without a remark


def zeros_remark(dense: nn.Module, parts: Parts, zeros: str) -> str:
    """What a network comes without, in one sentence; empty if that is nothing or given up."""
    masks = zeros_of(dense) if zeros == "held" else {}
    return describe_zeros(dense, masks, list(parts.dense))


def all_remarks(
    path: PruningPath, test: Split, val_accuracy: float | None = None
) -> tuple[str, ...]:
    """All remarks on a finished path, those on its start included.

    ``val_accuracy`` is that of the dense network, where the first step is of it as repaired.
    """
    zeros = zeros_remark(path.dense, path.parts, str(path.settings["zeros"]))
    described = describe_dense(path.dense, list(path.parts.dense))
    repaired = "" if val_accuracy is None else repair_remark(path, val_accuracy)
    whole = whole_units_remark(path.parts)
    before = (zeros, described, whole, blank_norms_remark(path.dense), repaired)
    return (*filter(None, before), *remarks_on(path, test))


def whole_units_remark(parts: Parts) -> str:
    """Names layers all of whose units stay, since the network cannot lose them; empty if none do.

    Example:
        >>> whole_units_remark(
        ...     Parts("unit", {}, {}, left_out={"conv1": "mix before they are read"})
        ... )
        "the units of layer 'conv1' are no parts and stay: they mix before they are read"
    """
    if not parts.left_out:
        return ""
    (name, reason), *others = parts.left_out.items()
    more = f" (and those of {len(others)} more layers)" if others else ""
    return f"the units of layer {name!r}{more} are no parts and stay: they {reason}"


def repair_remark(path: PruningPath, val_accuracy: float) -> str:
    """Says that the repair by itself harms the dense network; empty if it does not."""
    repaired = path.steps[0].metrics["val_accuracy"]
    if repaired >= val_accuracy - HARM:
        return ""
    return (
        f"repair {path.settings['recovery']!r} harms the dense network, before any removal: "
        f"validation accuracy falls from {val_accuracy:.3f} to {repaired:.3f}; all later steps "
        "bear that too"
    )


def blank_norms_remark(dense: nn.Module) -> str:
    """Names BatchNorm layers whose statistics are those of initialisation; empty if none are.

    Example:
        >>> blank_norms_remark(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)))
        "BatchNorm '1' never saw data: its statistics are mean 0 and variance 1; repair with \
'recalibrate'"
    """
    blank = [
        name
        for name, module in dense.named_modules()
        if isinstance(module, _BatchNorm)
        and module.running_mean is not None
        and module.running_var is not None
        and not module.running_mean.any()
        and bool((module.running_var == 1).all())
    ]
    if not blank:
        return ""
    more = f" and {len(blank) - 1} more" if len(blank) > 1 else ""
    return (
        f"BatchNorm {blank[0]!r}{more} never saw data: its statistics are mean 0 and variance 1; "
        "repair with 'recalibrate'"
    )


def remarks_on(path: PruningPath, test: Split) -> tuple[str, ...]:
    """Sentences on a path: from where on a layer is empty, or a class is never predicted."""
    return (*_emptied(path), *_never_predicted(path), *_untested(test))


def _emptied(path: PruningPath) -> list[str]:
    sentences = []
    for i, name in enumerate(path.parts.dense):
        empty = [step.metrics[f"sparsity_layer_{i}"] == 1.0 for step in path.steps]
        if empty[-1]:
            first = empty.index(True)
            sentences.append(
                f"layer {name!r} has no weight left from sparsity {_at(path, first)} on"
            )
    return sentences


def _never_predicted(path: PruningPath) -> list[str]:
    by_step: dict[int, list[str]] = {}
    for label in np.unique(path.dense_predicted):
        ever = [i for i, step in enumerate(path.steps) if (step.predicted == label).any()]
        first = ever[-1] + 1 if ever else 0
        if first < len(path.steps):
            by_step.setdefault(first, []).append(str(label))
    ranges = [
        f"{_classes(labels)} from sparsity {_at(path, first)} on"
        for first, labels in sorted(by_step.items())
    ]
    return [f"no longer predicted: {', '.join(ranges)}"] if ranges else []


def _untested(test: Split) -> list[str]:
    lacking = np.flatnonzero(test.counts() == 0).tolist()
    if not lacking:
        return []
    rare = test.minority and set(test.minority) <= set(lacking)
    also = ", and so is minority_recall" if rare else ""
    return [f"without a test sample: {_classes(list(map(str, lacking)))}; recall is NaN{also}"]


def _classes(labels: Sequence[str]) -> str:
    """Name classes.

    Example:
        >>> _classes(["7"]), _classes(["1", "2", "5"])
        ('class 7', 'classes 1, 2 and 5')
    """
    if len(labels) == 1:
        return f"class {labels[0]}"
    return f"classes {', '.join(labels[:-1])} and {labels[-1]}"


def _at(path: PruningPath, step: int) -> str:
    return f"{path.steps[step].removed / len(path.parts):.4g}"
