"""How far a network has collapsed on a split, and the class geometry of any of its layers."""

import torch
from torch import Tensor, nn

from leastloss.data import Split, at_most, is_map, read_at
from leastloss.errors import InputError
from leastloss.evaluation.classifier_head import head_of
from leastloss.geometry import (
    ClassStatistics,
    PooledAccumulator,
    StatisticsAccumulator,
    collapse_metrics,
)
from leastloss.models import has_maps, layer_features, untouched

PER_CLASS = 1000  # enough to know NC1 to about one per cent
PER_CLASS_OF_MAPS = 30  # where each costs a thousand times more: NC1 of trained networks to 3 %


def network_collapse(model: nn.Module, split: Split, *, most: int | None = 0) -> dict[str, float]:
    """Measure the collapse of a network's last features, in one forward pass.

    Args:
        model: Any network with a Linear or convolution layer; it is left as it is.
        split: What the network was trained on: collapse is of the training features, and the
            class counts of the split are those that SELI is made for.
        most: Samples of each class to look at, always the same draw; None for all, 0 for enough:
            1,000, or 30 where there are convolutions.

    Returns:
        :func:`leastloss.geometry.collapse_metrics`; without those of the classifier if the logits
        do not follow from the last layer's inputs (see
        :func:`leastloss.evaluation.classifier_head.head_of`), and without any if labels are of
        positions and that layer reads others.

    Raises:
        InputError: If a class has no sample, there is only one, or a feature is not finite.

    Example:
        >>> split = Split(torch.eye(3), torch.arange(3), 3, (2,))
        >>> round(network_collapse(nn.Linear(3, 3), split)["simplex_distance"], 6)
        0.0
    """
    if most == 0:
        most = PER_CLASS_OF_MAPS if has_maps(model) else PER_CLASS
    some = split if most is None else at_most(split, most)
    head = head_of(model, some.x, some.y)
    if head.features is None:
        return {}
    metrics = collapse_metrics(
        head.features,
        some.labels,
        head.weight,
        head.bias,
        minority=split.minority,
        counts=torch.from_numpy(split.counts()),
    )
    return dict(metrics)


def layer_statistics(
    model: nn.Module,
    split: Split,
    layer: str,
    *,
    balanced: bool = True,
    shrinkage: float = 0.0,
    keep_covariances: bool = False,
) -> ClassStatistics:
    """Class statistics of what a layer reads, in one pass that holds no more than a batch.

    Args:
        model: Any network; it is left as it is.
        split: Samples and labels, every class with at least one.
        layer: Name of a module as ``named_modules`` has it; its inputs are the features, those of
            a convolution flattened. Where each position has a label, they are what it reads at the
            label's place.
        balanced: Count every class once; False weights classes by their samples.
        shrinkage: As for :func:`leastloss.geometry.class_statistics`.
        keep_covariances: Keep the C class covariances as well, in C d^2 numbers of memory.

    Raises:
        InputError: If there is no such layer, it does not run exactly once in a forward pass, a
            class has no sample, a feature is not finite, or labels are of positions and the shape
            of the layer's inputs does not tell where these are.

    Example:
        >>> net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3))
        >>> split = Split(torch.eye(3), torch.arange(3), 3, (2,))
        >>> tuple(layer_statistics(net, split, "2").within.shape)
        (4, 4)
    """
    apart = StatisticsAccumulator(split.classes)
    pooled = PooledAccumulator(split.counts().tolist(), balanced=balanced, shrinkage=shrinkage)
    accumulator = apart if keep_covariances else pooled
    start = 0
    with untouched(model):
        for features in layer_features(model, split.x, layer):
            y = split.y[start : start + len(features)]
            start += len(features)
            if is_map(y):
                accumulator.update(_at_labels(model, layer, features, y), y[y >= 0])
            else:
                accumulator.update(features.flatten(1), y)
    if keep_covariances:
        return apart.result(balanced=balanced, shrinkage=shrinkage, keep_covariances=True)
    return pooled.result()


def _at_labels(model: nn.Module, layer: str, features: Tensor, y: Tensor) -> Tensor:
    """What a module reads at each label of maps, (m, d)."""
    module, places = model.get_submodule(layer), y.shape[1:]
    if features.ndim == 3:  # places in one row
        places = torch.Size((places.numel(),))
    last, first = features.shape[1:-1] == places, features.shape[2:] == places
    if isinstance(module, nn.Linear | nn.LayerNorm):
        last, first = True, False
    elif isinstance(module, nn.Conv2d | nn.BatchNorm2d):
        last, first = False, True
    rows = read_at(features, y, channels_last=last)
    if rows is None or (last == first and features.ndim > 2):
        raise InputError(
            f"module {layer!r} reads {tuple(features.shape[1:])}, which does not tell where the "
            f"{tuple(y.shape[1:])} labels are; name a Linear layer or convolution beside it"
        )
    return rows
