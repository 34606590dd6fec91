"""Take units out of a network: rows of one layer, columns of the next, and what stands between."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from leastloss.models import PRUNED, BinaryLinear, Layer, spans_of

Part: TypeAlias = Callable[[Tensor], Tensor]


@torch.no_grad()
def shrink(model: nn.Module, x: Tensor, name: str, consumer: str, dead: Tensor) -> None:
    """Remove units of a layer in place, and all that belongs to them; one unit at least stays.

    Args:
        model: A chain; changed in place.
        x: A few samples, to see what runs between the two layers.
        name: The layer whose units go.
        consumer: The layer that reads them.
        dead: Which of them go, shape (units,).
    """
    spans = spans_of(model, x)
    span, reader = spans[name], spans[consumer].layer
    keep = ~dead
    if not keep.any():
        keep[0] = True
    if keep.all() or not removable(span.layer, span.opaque):
        return
    units = len(keep)
    for norm, _ in span.norms.values():
        _keep_features(norm, keep.repeat_interleave(norm.num_features // units))
    _keep_rows(span.layer, keep)
    _keep_columns(reader, keep)


def removable(layer: Layer, opaque: list[str]) -> bool:
    """Whether units of a layer can be taken out: no groups, nothing unknown behind it."""
    return not opaque and not (isinstance(layer, nn.Conv2d) and layer.groups > 1)


def _keep_rows(layer: Layer, keep: Tensor) -> None:
    _set_weight(layer, lambda values: values[keep])
    if layer.bias is not None:
        layer.bias = _parameter(layer.bias, layer.bias[keep])
    count = int(keep.sum())
    if isinstance(layer, nn.Conv2d):
        layer.out_channels = count
    else:
        layer.out_features = count


def _keep_columns(layer: Layer, keep: Tensor) -> None:
    """A linear layer behind a flattened map has one column for each unit and position."""
    inputs = keep.repeat_interleave(layer.weight.shape[1] // len(keep))
    _set_weight(layer, lambda values: values[:, inputs])
    if isinstance(layer, nn.Conv2d):
        layer.in_channels = int(inputs.sum())
    else:
        layer.in_features = int(inputs.sum())


def _set_weight(layer: Layer, part: Part) -> None:
    layer.weight = _parameter(layer.weight, part(layer.weight))
    if isinstance(layer, BinaryLinear):
        layer.mask, layer.flips = part(layer.mask), part(layer.flips)
        layer._negative = None
    elif getattr(layer, PRUNED, None) is not None:
        setattr(layer, PRUNED, part(getattr(layer, PRUNED)))


def _keep_features(norm: _BatchNorm, keep: Tensor) -> None:
    for name in ("weight", "bias"):
        value = getattr(norm, name)
        if value is not None:
            setattr(norm, name, _parameter(value, value[keep]))
    for name in ("running_mean", "running_var"):
        value = getattr(norm, name)
        if value is not None:
            setattr(norm, name, value[keep])
    norm.num_features = int(keep.sum())


def _parameter(old: Tensor, new: Tensor) -> nn.Parameter:
    layout = torch.channels_last if _channels_last(old) else torch.contiguous_format
    values = new.detach().clone(memory_format=layout)
    return nn.Parameter(values, requires_grad=old.requires_grad)


def _channels_last(values: Tensor) -> bool:
    return values.ndim == 4 and values.is_contiguous(memory_format=torch.channels_last)
