"""Take units out of a network: rows of layers, columns of others, and what stands between."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from leastloss.models import (
    PRUNED,
    BinaryLayer,
    CoupledLayers,
    Layer,
    Units,
    count_heads,
    is_depthwise,
    weight_layers,
)

Part: TypeAlias = Callable[[Tensor], Tensor]


@torch.no_grad()
def silence(model: nn.Module, coupled: CoupledLayers, dead: Tensor) -> None:
    """Set all weights of the ``dead`` units to 0 in place: what enters them, and what leaves them.

    ``dead`` has shape (units,).
    """
    layers = weight_layers(model)
    for by_layer, dimension in ((coupled.rows, 0), (coupled.columns, 1)):
        for name, indices in by_layer.items():
            layer = layers[name]
            values = layer.mask if isinstance(layer, BinaryLayer) else layer.weight
            values.index_fill_(dimension, indices[dead].flatten().to(values.device), 0.0)
            if isinstance(layer, BinaryLayer):
                layer._negative = None


@torch.no_grad()
def cut(model: nn.Module, units: Units, dead: Mapping[str, Tensor]) -> None:
    """Remove units in place, and all that belongs to them, as the BatchNorm layers that they pass.

    By the first of the layers that make some units, ``dead`` says which go, shape (units,).
    """
    layers, modules = weight_layers(model), dict(model.named_modules())
    lost: dict[str, dict[str, list[Tensor]]] = {
        kind: defaultdict(list) for kind in ("rows", "columns", "norms")
    }
    for name, coupled in units.items():
        if dead[name].any():
            for kind, by_name in lost.items():
                for member, indices in (getattr(coupled, kind) or {}).items():
                    by_name[member].append(indices[dead[name]].flatten())
    for name, rows in lost["rows"].items():
        _keep_rows(layers[name], _kept(len(layers[name].weight), rows))
    for name, columns in lost["columns"].items():
        _keep_columns(layers[name], _kept(layers[name].weight.shape[1], columns))
    for name, channels in lost["norms"].items():
        norm = modules[name]
        assert isinstance(norm, _BatchNorm)
        _keep_features(norm, _kept(norm.num_features, channels))
    for name, coupled in units.items():
        if coupled.attention is not None and dead[name].any():
            width = sum(columns.numel() for columns in coupled.columns.values())
            left = int((~dead[name]).sum())
            count_heads(modules[coupled.attention], width, left, before=len(coupled))


def _kept(size: int, lost: list[Tensor]) -> Tensor:
    keep = torch.ones(size, dtype=torch.bool)
    keep[torch.cat(lost)] = False
    return keep


def _keep_rows(layer: Layer, keep: Tensor) -> None:
    depthwise = is_depthwise(layer)
    _set_weight(layer, lambda values: values[keep.to(values.device)])
    if layer.bias is not None:
        layer.bias = _parameter(layer.bias, layer.bias[keep.to(layer.bias.device)])
    count = int(keep.sum())
    if isinstance(layer, nn.Linear):
        layer.out_features = count
        return
    if depthwise:
        layer.in_channels = layer.groups = count
    layer.out_channels = count


def _keep_columns(layer: Layer, keep: Tensor) -> None:
    _set_weight(layer, lambda values: values[:, keep.to(values.device)])
    if isinstance(layer, nn.Conv2d):
        layer.in_channels = int(keep.sum()) * layer.groups
    else:
        layer.in_features = int(keep.sum())


def _set_weight(layer: Layer, part: Part) -> None:
    layer.weight = _parameter(layer.weight, part(layer.weight))
    if isinstance(layer, BinaryLayer):
        layer.mask, layer.flips = part(layer.mask), part(layer.flips)
        layer._negative = None
    elif getattr(layer, PRUNED, None) is not None:
        setattr(layer, PRUNED, part(getattr(layer, PRUNED)))


def _keep_features(norm: _BatchNorm, keep: Tensor) -> None:
    for name in ("weight", "bias"):
        value = getattr(norm, name)
        if value is not None:
            setattr(norm, name, _parameter(value, value[keep.to(value.device)]))
    for name in ("running_mean", "running_var"):
        value = getattr(norm, name)
        if value is not None:
            setattr(norm, name, value[keep.to(value.device)])
    norm.num_features = int(keep.sum())


def _parameter(old: Tensor, new: Tensor) -> nn.Parameter:
    last = old.ndim == 4 and old.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    values = new.detach().clone(memory_format=layout)
    return nn.Parameter(values, requires_grad=old.requires_grad)
