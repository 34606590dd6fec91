"""Averages over samples of the gradients of single weights, class-balanced or not.

The gradient of a sample by a weight is the product of the weight's input and of the slope at its
output, so one backward pass to the outputs of the layers serves all samples at once. Slopes pass
a sign as in training, by the straight-through window; a weight is the effective one, so pruned
weights have gradients as well.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.activations import check_called, each_label, enough_of, labelled_logits, observing
from leastloss.criteria.base import ScoringContext
from leastloss.errors import InputError
from leastloss.models import Layer, evaluation_mode, prunable_layers

Slope: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Logits (n, C) and labels (n,) -> derivative of each sample's objective by its logits, (n, C)."""
Part: TypeAlias = Callable[[Layer, Tensor, Tensor, Tensor], Tensor]
"""A layer, its inputs, output slopes and the weight of each sample -> what a batch adds."""

CHUNK = 2**24  # numbers of the gradients of single samples at a time: bounds the memory


def cross_entropy_slope(logits: Tensor, y: Tensor) -> Tensor:
    """Derivative of each sample's cross-entropy by its logits: ``p - e_y``, float64, shape (n, C).

    Raises:
        InputError: If a label has no logit.

    Example:
        >>> cross_entropy_slope(torch.zeros(1, 2), torch.tensor([1]))
        tensor([[ 0.5000, -0.5000]], dtype=torch.float64)
    """
    if int(y.max()) >= logits.shape[1]:
        raise InputError(f"label {int(y.max())} has no logit; the network has {logits.shape[1]}")
    return logits.double().softmax(dim=1) - functional.one_hot(y, logits.shape[1])


def mean_gradients(
    context: ScoringContext, slope: Slope, *, balanced: bool = True
) -> dict[str, Tensor]:
    """Mean gradient over the training samples, by layer; float64, of the weight's shape.

    The slope is that of a sample's objective. Samples are averaged within classes first, and over
    all of them alike if not ``balanced``.

    Raises:
        InputError: If a sample or logit is not finite, the logits are not (n, C), a layer of the
            masks runs twice or without any effect on the logits, or a class has no training sample.
    """

    def part(layer: Layer, inputs: Tensor, slopes: Tensor, weights: Tensor) -> Tensor:
        by_sample = weights.reshape(-1, *(1,) * (slopes.ndim - 1))
        return weight_gradient(layer, inputs, by_sample * slopes)

    return _means(context, slope, part, balanced)


def mean_gradient_sizes(
    context: ScoringContext, slope: Slope, *, power: int, balanced: bool = True
) -> dict[str, Tensor]:
    """Mean over the training samples of each one's ``|gradient|^power``; see `mean_gradients`."""
    return _means(context, slope, partial(gradient_sizes, power=power), balanced)


def _means(context: ScoringContext, slope: Slope, part: Part, balanced: bool) -> dict[str, Tensor]:
    """What all batches add for each layer."""
    layers = prunable_layers(context.model, list(context.masks))
    total = zeros_like_weights(layers)
    train, shares = enough_of(context.train, context.model, balanced=balanced)
    with evaluation_mode(context.model):
        for x, y in each_label(train, context.model):
            inputs: dict[str, Tensor] = {}

            def look(name: str, values: Tensor, inputs: dict[str, Tensor] = inputs) -> None:
                inputs[name] = values.clone()  # the network may go on to change it in place

            with observing(layers, look) as outputs, torch.enable_grad():
                logits, labels = labelled_logits(context.model, x, y)
            check_called(layers, outputs)
            if not logits.requires_grad:
                raise InputError(f"the logits do not depend on layer {next(iter(layers))!r}")
            slopes = torch.autograd.grad(
                logits,
                list(outputs.values()),
                slope(logits.detach(), labels).to(logits),
                materialize_grads=True,
            )
            for name, rows in zip(outputs, slopes, strict=True):
                total[name] += part(layers[name], inputs[name], rows, shares.to(rows)[labels])
    return total


def zeros_like_weights(layers: Mapping[str, Layer]) -> dict[str, Tensor]:
    """A sum to begin with for each layer: float64, of the weight's shape."""
    return {n: torch.zeros_like(layer.weight, dtype=torch.float64) for n, layer in layers.items()}


def weight_gradient(layer: Layer, inputs: Tensor, slopes: Tensor) -> Tensor:
    """Sum over samples and positions of slope times input; of the weight's shape.

    Example:
        >>> weight_gradient(nn.Linear(2, 1), torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]]))
        tensor([[3., 6.]])
    """
    if isinstance(layer, nn.Linear):
        return slopes.flatten(0, -2).T @ inputs.flatten(0, -2)
    probe = torch.zeros_like(layer.weight, requires_grad=True)
    with torch.enable_grad():
        # Contiguous: with channels last, oneDNN writes outside its memory (uxlfoundation/oneDNN
        # issue 6035: 1x1 with a stride and few channels).
        outputs = layer._conv_forward(inputs.contiguous(), probe, None)
    return torch.autograd.grad(outputs, probe, slopes)[0]


def gradient_sizes(
    layer: Layer, inputs: Tensor, slopes: Tensor, weights: Tensor, *, power: int
) -> Tensor:
    """Weighted sum over samples of ``|gradient|^power`` of each sample; of the weight's shape.

    Example:
        >>> x, slopes = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [-1.0]])
        >>> gradient_sizes(nn.Linear(1, 1), x, slopes, torch.tensor([0.5, 0.5]), power=2)
        tensor([[6.5000]])
    """
    if isinstance(layer, nn.Linear) and inputs.ndim == 2:  # |x g| is |x| |g|: one product for all
        return (weights[:, None] * _size(slopes, power)).T @ _size(inputs, power)
    total = torch.zeros_like(layer.weight)
    size = max(1, CHUNK // (layer.weight.numel() + slopes[0].numel() * layer.weight[0].numel()))
    for some, pulls, share in zip(
        inputs.split(size), slopes.split(size), weights.split(size), strict=True
    ):
        x, g = _columns(layer, some, pulls)
        gradients = _size(g @ x.transpose(-1, -2), power).flatten(1)
        total += (share @ gradients).view_as(total)
    return total


def _columns(layer: Layer, inputs: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    """What each weight meets at each position (n, groups, fan-in, positions), and the slopes."""
    if isinstance(layer, nn.Linear):
        n = len(inputs)
        x, g = (values.reshape(n, 1, -1, values.shape[-1]) for values in (inputs, slopes))
        return x.transpose(2, 3), g.transpose(2, 3)
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    padded = functional.pad(inputs, layer._reversed_padding_repeated_twice, mode=mode)
    x = functional.unfold(padded, layer.kernel_size, layer.dilation, 0, layer.stride)
    groups = (layer.groups, -1)
    return x.unflatten(1, groups), slopes.flatten(2).unflatten(1, groups)


def _size(values: Tensor, power: int) -> Tensor:
    return values.abs() if power == 1 else values.abs().pow(power)
