"""Second moments of what a layer reads, over a draw of training samples."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary, WeakValueDictionary

import torch
from torch import Tensor, nn

from leastloss.activations.cache import Known
from leastloss.activations.layer_inputs import input_of, rows_of
from leastloss.activations.observe import CONVOLUTION_BATCH, shares_by_count
from leastloss.data import Split, at_most, standing
from leastloss.errors import InputError
from leastloss.models import Layer, has_maps
from leastloss.seeds import torch_stream

PER_CLASS = 2000  # samples of a class: moments of so many are known to about two per cent
PER_CLASS_OF_MAPS = 200  # in networks with convolutions, where each has many positions
ROWS = 60_000  # rows (samples times positions) of a convolution's moments
BATCH = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Training samples with their weights in an average.

    Attributes:
        x: Inputs, shape (n, ...); with noise where it was asked for.
        clean: The same inputs without noise.
        weights: Weight of each sample, shape (n,), float64; they add up to 1.
        known: Moments that were computed on them (:mod:`leastloss.activations.cache`).
    """

    x: Tensor
    clean: Tensor
    weights: Tensor
    known: Known = field(default_factory=Known, repr=False)

    def batches(self, model: nn.Module) -> Iterator[slice]:
        """Cut the samples into pieces that a network of convolutions can hold as well."""
        size = CONVOLUTION_BATCH if has_maps(model) else BATCH
        return (slice(start, start + size) for start in range(0, len(self.x), size))


_DRAWN: WeakKeyDictionary[Split, WeakValueDictionary[tuple[bool, float, int], Samples]]
_DRAWN = WeakKeyDictionary()


def draw_samples(
    split: Split, model: nn.Module, *, balanced: bool = True, noise: float = 0.0, most: int = 0
) -> Samples:
    """Draw at most so many samples of each class, always the same ones.

    As long as somebody holds a draw, whoever asks for it again gets that one.

    Args:
        split: The training split.
        model: Decides how many samples are enough.
        balanced: Count every class once; False gives each class its share of the split.
        noise: Standard deviation of Gaussian noise; above 0 every sample comes twice, as it is and
            with noise, clipped to the range of the split's inputs.
        most: Samples of a class; 0 stands for enough.

    Raises:
        InputError: If an argument is out of range, an input not finite, or a class has no sample.
    """
    if not 0 <= noise < float("inf") or most < 0:
        raise InputError(f"noise is {noise} and most {most}; they must be at least 0 and finite")
    enough = most or (PER_CLASS_OF_MAPS if has_maps(model) else PER_CLASS)
    held = _DRAWN.setdefault(split, WeakValueDictionary())
    drawn = held.get((balanced, noise, enough))
    if drawn is None:
        drawn = held[balanced, noise, enough] = _draw(split, balanced, noise, enough)
    return drawn


def _draw(split: Split, balanced: bool, noise: float, most: int) -> Samples:
    shares = shares_by_count(torch.from_numpy(split.counts()), balanced=balanced)
    some = at_most(split, most)
    weights = standing(split, some, shares).to(some.y.device)[some.y]
    weights = weights / weights.sum()
    clean = some.x if some.x.is_floating_point() else some.x.float()
    if not torch.isfinite(clean).all():
        raise InputError("the training samples are not finite (NaN or infinity)")
    if noise == 0:
        return Samples(x=clean, clean=clean, weights=weights)
    drawn = torch.randn(clean.shape, generator=torch_stream(0, "noise of statistics"))
    noisy = (clean + noise * drawn.to(clean)).clamp(float(clean.min()), float(clean.max()))
    twice = torch.cat([clean, clean])
    return Samples(x=torch.cat([clean, noisy]), clean=twice, weights=torch.cat([weights] * 2) / 2)


def layer_rows(model: nn.Module, layer: Layer, x: Tensor, samples: int) -> Tensor:
    """Rows that a layer reads for a batch, with a one for the bias: (n, positions, groups, d).

    Args:
        model: The network.
        layer: One of its layers.
        x: The batch.
        samples: Of all batches together; decides how many positions of a map are enough.
    """
    positions = max(1, ROWS // samples) if isinstance(layer, nn.Conv2d) else 0
    rows = rows_of(layer, input_of(model, layer, x), positions)
    if layer.bias is None:
        return rows
    return torch.cat([rows, rows.new_ones(*rows.shape[:-1], 1)], dim=-1)


def moments_of(rows: Tensor, others: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over samples, mean over positions, of ``rows^T others``: (groups, d, d').

    Float64 throughout: the largest eigenvalue of d rectified inputs is about d times their mean
    square, and float32 sums of it are off by as much as the ridge that holds the smallest one up.

    Args:
        rows: Shape (n, positions, groups, d).
        others: Shape (n, positions, groups, d').
        weights: Shape (n,).
    """
    share = (weights / rows.shape[1]).to(others.device)
    scaled = others.double() * share[:, None, None, None]
    left = rows.double().permute(2, 3, 0, 1).flatten(2)
    right = scaled.permute(2, 0, 1, 3).flatten(1, 2)
    return left @ right


def input_second_moments(model: nn.Module, layer: Layer, samples: Samples) -> Tensor:
    """Second moments of a layer's inputs (and of the one for its bias), (groups, d, d), float64.

    Raises:
        InputError: If they are not finite.
    """
    total = None
    for piece in samples.batches(model):
        rows = layer_rows(model, layer, samples.x[piece], len(samples.x))
        part = moments_of(rows, rows, samples.weights[piece])
        total = part if total is None else total + part
    assert total is not None  # a split is never empty
    if not torch.isfinite(total).all():
        raise InputError("inputs of a layer are not finite (NaN or infinity)")
    return total


def ridge_of(moments: Tensor, gamma: float, *, bias: bool) -> Tensor:
    """The ridge of a group's inputs, shape (d,): a share of their mean square, none on the bias."""
    size = len(moments) - bias
    scale = float(moments.diagonal()[:size].mean()) if size else 0.0
    ridge = torch.full((len(moments),), gamma * scale, dtype=torch.float64, device=moments.device)
    if bias:
        ridge[-1] = 0.0
    return ridge.clamp(min=1e-12 * max(scale, 1.0))  # a layer that never fires has no scale


def row_supports(layer: Layer, mask: Tensor, moments: Tensor) -> tuple[Tensor, ...]:
    """Which inputs each unit keeps, the one for its bias among them: (units, d) for each group.

    Args:
        layer: The layer.
        mask: Kept weights, of the weight's shape.
        moments: Second moments of its inputs, shape (groups, d, d).
    """
    kept = mask.flatten(1).to(moments.device)
    if layer.bias is not None:
        kept = torch.cat([kept, kept.new_ones(len(kept), 1)], dim=1)
    return kept.tensor_split(len(moments))
