"""The affine map by which a network reads its last features."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from leastloss.data import at_labels, is_map, read_at
from leastloss.models import LastLayer, Layer, effective_weight, last_layer

TOLERANCE = 1e-4  # float32 through a BatchNorm agrees with the folded map to about 1e-6


@dataclass(frozen=True, eq=False)
class Head:
    """Features before the last layer, and how logits follow from them.

    Attributes:
        features: What the last layer reads, shape (n, d); None if labels are of positions and it
            reads others, or these in another order.
        weight: Classifier matrix, float64, shape (C, d); None if the logits do not follow from
            the features by an affine map.
        bias: Classifier bias, float64, shape (C,).
    """

    features: Tensor | None
    weight: Tensor | None = None
    bias: Tensor | None = None


def head_of(model: nn.Module, x: Tensor, y: Tensor | None = None) -> Head:
    """Run a network and read its head, with a BatchNorm or scale behind it folded in.

    What follows the last layer is not looked up but observed: if each logit is an affine function
    of its own output, slope and offset are folded into weight and bias; if it is none but the
    decisions are the same (a softmax, say), the layer is the classifier as it stands.

    Args:
        model: Any network with a Linear or convolution layer; it is left as it is.
        x: Samples, shape (n, ...).
        y: Their labels. Where each position has one, there is a row of features for each label:
            what the last layer reads at its place, or for the sample where that has no places.

    Raises:
        InputError: If the network has no such layer.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2), nn.Softmax(dim=1))
        >>> head = head_of(net, 20 * torch.randn(50, 2))
        >>> tuple(head.features.shape), torch.equal(head.weight, net[2].weight.double())
        ((50, 3), True)
    """
    last, in_row = last_layer(model, x), False
    if y is not None and is_map(y):
        at = _at_labels(last, y)
        if at is None:
            return Head(None)
        in_row = last.read.ndim not in (2, y.ndim + 1)
        last = at
    # Only the logits tell that places in a row follow each other as those of the labels do.
    no_affine = Head(None if in_row else last.inputs)
    if not _multiplies(last.layer) or last.outputs.shape != last.logits.shape:
        return no_affine
    weight = effective_weight(last.layer).double().flatten(1)
    bias = weight.new_zeros(len(weight))
    if last.layer.bias is not None:
        bias = last.layer.bias.detach().double()
    outputs, logits = last.outputs.double(), last.logits.double()
    slope, offset = _line(outputs, logits)
    miss = (outputs * slope + offset - logits).abs().max()
    if miss <= TOLERANCE * logits.abs().max():
        return Head(last.inputs, slope[:, None] * weight, slope * bias + offset)
    if torch.equal(outputs.argmax(dim=1), logits.argmax(dim=1)):
        return Head(last.inputs, weight, bias)
    return no_affine


def _at_labels(last: LastLayer, y: Tensor) -> LastLayer | None:
    """What passed through the last layer, a row for each label of maps."""
    linear = isinstance(last.layer, nn.Linear)
    read, outputs = (
        read_at(values, y, channels_last=linear) for values in (last.read, last.outputs)
    )
    if read is None or outputs is None:
        return None
    return replace(last, read=read, outputs=outputs, logits=at_labels(last.logits, y))


def _multiplies(layer: Layer) -> bool:
    """Whether a layer is a matrix: Linear, or a convolution of single positions, all of them."""
    if isinstance(layer, nn.Linear):
        return True
    every = layer.stride == (1, 1) and layer.padding in ((0, 0), "same", "valid")
    return layer.kernel_size == (1, 1) and layer.groups == 1 and every


def _line(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Slope and offset, column by column, of the line through the outermost points."""
    low, high = x.argmin(dim=0, keepdim=True), x.argmax(dim=0, keepdim=True)
    run = (x.gather(0, high) - x.gather(0, low)).squeeze(0)
    rise = (y.gather(0, high) - y.gather(0, low)).squeeze(0)
    slope = torch.where(run > 0, rise / run, 1)  # an output that never moves has no slope
    return slope, y.gather(0, low).squeeze(0) - slope * x.gather(0, low).squeeze(0)
