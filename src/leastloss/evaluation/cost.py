"""The cost of a network in theory: parameters, multiply-adds and bits of what is kept."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.evaluation.description import mask_sign_bits
from leastloss.models import BinaryLayer, Masks, Span, spans_of, untouched, weight_layers

COSTS = ("parameters", "multiply_adds", "bits")


def network_cost(model: nn.Module, masks: Masks, x: Tensor) -> dict[str, float]:
    """Count what is kept of a network.

    Args:
        model: Any network; it is left as it is.
        masks: What is kept, by layer; a layer without a mask is kept whole.
        x: One sample or more, shape (n, ...): convolutions are counted by the positions at which
            they run.

    Returns:
        ``parameters``: kept weights, and the bias, scale and shift of each unit that a kept weight
        enters; the running mean and variance of BatchNorm fold into scale and shift, and are not
        counted. ``multiply_adds``: of one sample, one for each kept weight and position; biases,
        norms and activations are not counted. ``bits``: of storage: a kept weight takes 1 bit in
        a binary layer and those of its number type (32) in any other, each other parameter those
        of its type, and the masks an ideal code (:func:`leastloss.evaluation.description.
        mask_sign_bits`, less its signs).

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> network_cost(net, {}, torch.zeros(1, 4))
        {'parameters': 23.0, 'multiply_adds': 18.0, 'bits': 736.0}
        >>> mask = torch.eye(3, 4, dtype=torch.bool)  # 3 of 9: one column is empty
        >>> round(network_cost(net, {"0": mask}, torch.zeros(1, 4))["bits"] - 14 * 32, 2)  # 84 * 4
        8.39
    """
    with untouched(model):
        spans, counted = spans_of(model, x[:1]), set[int]()
    parameters = multiply_adds = bits = 0.0
    for name, layer in weight_layers(model).items():
        if "weight" not in layer._parameters:
            continue  # computed from others, which are counted below
        mask = masks.get(name, torch.ones_like(layer.weight, dtype=torch.bool)).flatten(1)
        weights, live = int(mask.sum()), int(mask.any(dim=1).sum())
        width = 1 if isinstance(layer, BinaryLayer) else _width(layer.weight)
        parameters += weights
        bits += mask_sign_bits(mask.cpu().numpy()) + (width - 1) * weights
        counted.add(id(layer.weight))
        if name in spans:
            multiply_adds += weights * _positions(spans[name])
        for owned, share in _of_units(layer, spans.get(name)):
            count = live * share
            parameters += count
            bits += _width(owned) * count
            counted.add(id(owned))
    rest = [value for value in model.parameters() if id(value) not in counted]
    parameters += sum(value.numel() for value in rest)
    bits += sum(value.numel() * _width(value) for value in rest)
    costs = (float(parameters), float(multiply_adds), float(bits))
    return dict(zip(COSTS, costs, strict=True))


def gains(dense: Mapping[str, float], pruned: Mapping[str, float]) -> dict[str, float]:
    """How much smaller and how much less work, from two of :func:`network_cost`.

    Returns:
        ``compression_ratio``: bits of the dense network over those of the pruned one.
        ``theoretical_speedup``: the same of multiply-adds; hardware that multiplies dense matrices
        reaches it for whole units alone, and never for scattered weights.

    Raises:
        InputError: If a cost is missing or not above 0.

    Example:
        >>> gains({"bits": 64.0, "multiply_adds": 30}, {"bits": 16.0, "multiply_adds": 10})
        {'compression_ratio': 4.0, 'theoretical_speedup': 3.0}
    """
    for which, cost in (("dense", dense), ("pruned", pruned)):
        for name in ("bits", "multiply_adds"):
            if not cost.get(name, 0) > 0:
                raise InputError(f"{name} of the {which} network is {cost.get(name)}; above 0")
    return {
        "compression_ratio": float(dense["bits"] / pruned["bits"]),
        "theoretical_speedup": float(dense["multiply_adds"] / pruned["multiply_adds"]),
    }


def _width(values: Tensor) -> int:
    return values.element_size() * 8


def _positions(span: Span) -> int:
    return span.outputs.numel() // (len(span.outputs) * len(span.layer.weight))


def _of_units(layer: nn.Linear | nn.Conv2d, span: Span | None) -> list[tuple[Tensor, int]]:
    """Parameters with one entry, or several, for each unit of a layer; and how many."""
    owned = [layer.bias] if layer.bias is not None else []
    for norm, _ in span.norms.values() if span else ():
        owned += norm.parameters(recurse=False)
    units = len(layer.weight)
    return [(value, len(value) // units) for value in owned if len(value) % units == 0]
