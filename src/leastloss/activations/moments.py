"""Second moments of what layers read, over a draw of training samples."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from leastloss.activations.draws import Samples
from leastloss.activations.layer_inputs import rows_of
from leastloss.activations.observe import check_called
from leastloss.errors import InputError
from leastloss.geometry import moments_of_rows
from leastloss.models import Layer, evaluation_mode, matched, reading

ROWS = 30_000  # rows (samples times positions) of a layer that runs at many positions
ROWS_PER_INPUT = 10  # of a layer with so many inputs that these are too few
EXACT = 2 * 10**10  # multiplications of moments that are made in float64 throughout
MEMORY = 2**30  # numbers of all moments that are made in one pass


def positions_of(layer: Layer, samples: Samples) -> int:
    """How many positions of each sample a layer's moments are made of.

    On a ResNet-20 repaired at 50 to 95 %, a quarter of these rows gives the same accuracy.
    """
    rows = max(ROWS, ROWS_PER_INPUT * layer.weight[0].numel())
    return max(1, rows // len(samples.x))


def batch_moments(
    name: str,
    layer: Layer,
    values: Tensor,
    samples: Samples,
    piece: slice,
    targets: Tensor | None = None,
) -> Tensor:
    """Moments of the rows that a layer reads for a batch: its share of the sum over all.

    Weighted sums over samples, means over positions (:func:`positions_of`). Rows end with a one for
    the bias: the layer's own, or what a BatchNorm behind it takes off.

    The largest eigenvalue of d rectified inputs is about d times their mean square, and one long
    float32 sum of it is off by as much as the ridge that holds the smallest one up. So is not the
    sum over a small batch, and what batches give is added in float64. Layers that run once for each
    sample are few rows: these are multiplied in float64 unless that takes long.

    The layer reads ``values``, shape (n, ...), for the ``piece`` of the samples that is the batch;
    ``targets`` are further columns, shape (groups, n, positions, units).

    Returns:
        Float64, (groups, d, d), or (groups, d, d + units): moments with the rows, then with the
        targets.
    """
    constant = layer.bias is not None or name in samples.norms
    if _few_rows(layer, values, samples, targets):
        columns = None if targets is None else [targets[0, :, 0]]
        weights = samples.weights[piece]
        return moments_of_rows([values], weights, constant=constant, targets=columns)[None]
    rows = rows_of(layer, values, samples.starts[piece], positions_of(layer, samples))
    groups, n, positions, channels, taps = rows.shape
    fan_in = channels * taps
    inputs = fan_in + constant
    width = inputs + (0 if targets is None else targets.shape[-1])
    few = positions == 1 and len(samples.x) * groups * inputs * width <= EXACT
    table = values.new_empty(
        (groups, n, positions, width),
        dtype=torch.float64 if few else torch.promote_types(rows.dtype, torch.float32),
    )
    table[..., :fan_in].unflatten(-1, (channels, taps)).copy_(rows)
    table[..., fan_in:inputs] = 1.0
    if targets is not None:
        table[..., inputs:] = targets
    table *= (samples.weights[piece] / positions).sqrt().to(table)[:, None, None]
    flat = table.flatten(1, 2)
    return (flat[..., :inputs].transpose(1, 2) @ flat).double()


def moments_with_targets(
    name: str,
    layer: Layer,
    inputs: Sequence[Tensor],
    targets: Sequence[Tensor],
    samples: Samples,
    pieces: Sequence[slice],
) -> Tensor:
    """As :func:`batch_moments`, for all batches; inputs, targets and pieces are by batch."""
    if _few_rows(layer, inputs[0], samples, targets[0]):
        constant = layer.bias is not None or name in samples.norms
        columns = [target[0, :, 0] for target in targets]
        return moments_of_rows(inputs, samples.weights, constant=constant, targets=columns)[None]
    parts = (
        batch_moments(name, layer, values, samples, piece, target)
        for values, piece, target in zip(inputs, pieces, targets, strict=True)
    )
    total = next(parts)
    for part in parts:
        total += part
    return total


def _few_rows(layer: Layer, values: Tensor, samples: Samples, targets: Tensor | None) -> bool:
    """Whether a layer reads one row of each sample, and these are few, on a processor."""
    if not isinstance(layer, nn.Linear) or values.ndim != 2 or values.device.type != "cpu":
        return False
    inputs = layer.in_features + 1
    width = inputs + (0 if targets is None else targets.shape[-1])
    return len(samples.x) * inputs * width <= EXACT


def input_second_moments(
    model: nn.Module, layers: Mapping[str, Layer], samples: Samples
) -> Iterator[tuple[str, Tensor]]:
    """Second moments of layers' inputs (and of the one for the bias), in one pass for all.

    Moments that do not fit the memory together are made in several passes.

    Yields:
        Each layer and its moments, (groups, d, d), float64.

    Raises:
        InputError: If they are not finite, or a layer does not run.

    Example:
        >>> from leastloss.activations import Draws
        >>> from leastloss.data import Split
        >>> split = Split(torch.tensor([[3.0], [1.0]]), torch.tensor([0, 1]), 2, ())
        >>> layer = nn.Linear(1, 1)
        >>> samples = Draws().draw(split, layer)
        >>> [
        ...     (name, moments.round(decimals=6).tolist())
        ...     for name, moments in input_second_moments(layer, {"only": layer}, samples)
        ... ]
        [('only', [[[5.0, 2.0], [2.0, 1.0]]])]
    """
    for group in _that_fit(layers):
        totals = _sums(model, group, samples)
        for name in group:
            check_called([name], totals)
            moments = totals.pop(name)
            if not torch.isfinite(moments).all():
                raise InputError("inputs of a layer are not finite (NaN or infinity)")
            yield name, moments


def _sums(model: nn.Module, group: Mapping[str, Layer], samples: Samples) -> dict[str, Tensor]:
    totals: dict[str, Tensor] = {}
    piece = slice(None)

    def look(name: str, values: Tensor) -> None:
        part = batch_moments(name, group[name], values.detach(), samples, piece)
        totals[name] = totals[name].add_(part) if name in totals else part

    with torch.no_grad(), evaluation_mode(model), reading(group, look):
        for piece in samples.batches(model):
            model(matched(model, samples.x[piece]))
    return totals


def _that_fit(layers: Mapping[str, Layer]) -> Iterator[dict[str, Layer]]:
    group: dict[str, Layer] = {}
    numbers = 0
    for name, layer in layers.items():
        groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
        size = groups * layer.weight[0].numel() ** 2
        if group and numbers + size > MEMORY:
            yield group
            group, numbers = {}, 0
        group[name] = layer
        numbers += size
    if group:
        yield group


def ridge_of(layer: Layer, moments: Tensor, gamma: float) -> Tensor:
    """The ridge of a group's inputs, shape (d,): a share of their mean square, none on a bias.

    ``moments`` are the second moments of what the group reads, shape (d, d).
    """
    size = layer.weight[0].numel()
    scale = float(moments.diagonal()[:size].mean()) if size else 0.0
    ridge = torch.full((len(moments),), gamma * scale, dtype=torch.float64, device=moments.device)
    ridge[size:] = 0.0
    return ridge.clamp(min=1e-12 * max(scale, 1.0))  # a layer that never fires has no scale


def row_supports(mask: Tensor, moments: Tensor) -> tuple[Tensor, ...]:
    """Which inputs each unit keeps, the one for its bias among them: (units, d) for each group.

    ``mask`` has the weight's shape, ``moments`` of the inputs are (groups, d, d).
    """
    support = mask.flatten(1).to(moments.device)
    if support.shape[1] < moments.shape[2]:
        support = torch.cat([support, support.new_ones(len(support), 1)], dim=1)
    return support.tensor_split(len(moments))
