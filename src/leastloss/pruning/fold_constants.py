"""Units that nothing enters have one constant value: the next layer's bias can take it in."""

import torch
from torch import Tensor, nn

from leastloss.models import BinaryLayer, Layer, Span, effective_weight, sort_by_unit, spans_of

_FLAT = 1e-6  # by which a unit's share may differ between positions, of its largest


@torch.no_grad()
def fold_constants(model: nn.Module, x: Tensor, name: str, consumer: str, gone: Tensor) -> Tensor:
    """Move the constant values of a layer's units into what comes next, as far as it takes them.

    Args:
        model: A network; biases and BatchNorm means are changed in place.
        x: A few samples; a constant that is not the same for all is none.
        name: The layer whose units are looked at.
        consumer: The one layer that reads them, and nothing else.
        gone: Units that are to go anyhow, shape (units,).

    Returns:
        Which others can go now without any change of the outputs, shape (units,).
    """
    spans = spans_of(model, x)
    span, reader = spans[name], spans[consumer]
    dead = (effective_weight(span.layer).flatten(1) == 0).all(dim=1) & ~gone
    if (dead | gone).all():
        dead[dead.int().argmax()] = False  # the one that stays brings its value itself
    for unit in torch.nonzero(dead).flatten().tolist():
        share = _share(reader, unit, len(dead))
        if share is None or not _take(reader, share):
            dead[unit] = False
    return dead


def _share(reader: Span, unit: int, units: int) -> Tensor | None:
    """What a constant unit adds to each output of its reader.

    None if samples or positions differ in it.
    """
    layer, values = reader.layer, reader.inputs.double()
    weight = sort_by_unit(effective_weight(layer), units)[:, unit].double()
    if isinstance(layer, nn.Conv2d):
        kernel = weight.view(-1, 1, *layer.kernel_size)
        every = layer._conv_forward(values[:, [unit]], kernel, None).transpose(0, 1).flatten(1)
    else:
        # Features come last; what stands before them are positions.
        rows = values.reshape(-1, units, weight.shape[1])[:, unit]
        every = weight @ rows.T
    share: Tensor = every[:, 0]
    spread = (every - share[:, None]).abs().max()
    return share if spread <= _FLAT * every.abs().max() else None


def _take(reader: Span, share: Tensor) -> bool:
    """Add a constant to all outputs of a layer; whether there is a place for it."""
    if not share.any():
        return True
    layer = reader.layer
    if reader.reader:
        norm, _ = reader.norms[reader.reader]
        if norm.running_mean is not None and norm.num_features == len(share):
            norm.running_mean.copy_(norm.running_mean.double() - share)
            return True
    if isinstance(layer, BinaryLayer):
        return False
    _add_to_bias(layer, share)
    return True


def _add_to_bias(layer: Layer, share: Tensor) -> None:
    if layer.bias is None:
        layer.bias = nn.Parameter(torch.zeros_like(share).to(layer.weight))
        layer.bias.requires_grad_(layer.weight.requires_grad)
    layer.bias.copy_(layer.bias.double() + share)
