"""Draws of training samples, as scores and repairs read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from leastloss.activations.cache import LayerCache
from leastloss.activations.observe import batch_size, per_class_of_maps, shares_by_count
from leastloss.data import Split, at_most, standing
from leastloss.errors import InputError
from leastloss.models import has_maps, norms_behind, spans_of
from leastloss.seeds import torch_stream

LIVE = 2**31  # bytes of the largest feature map of all samples of a draw
PER_CLASS = 2000  # samples of a class: moments of so many are known to about two per cent


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Training samples with their weights in an average.

    Attributes:
        x: Inputs, shape (n, ...); with noise where it was asked for.
        clean: The same inputs without noise.
        weights: Weight of each sample, shape (n,), float64; they add up to 1.
        starts: Where in [0, 1) the positions of each sample's feature maps begin that are read
            where not all are, shape (n,).
        norms: The BatchNorm layers that stand for the biases of layers
            (:func:`leastloss.models.norms_behind`).
        cache: What was computed on them.
    """

    x: Tensor
    clean: Tensor
    weights: Tensor
    starts: Tensor
    norms: Mapping[str, str] = field(default_factory=dict)
    cache: LayerCache = field(default_factory=LayerCache, repr=False)

    def batches(self, model: nn.Module) -> Iterator[slice]:
        """Cut the samples into pieces that a network of convolutions can hold as well."""
        size = batch_size(model)
        return (slice(start, start + size) for start in range(0, len(self.x), size))


class Draws:
    """The draws of one path of pruning: its scores and its repairs are handed the same ones.

    Whoever asks again for a draw gets the one that there is, with what was computed on it.
    """

    def __init__(self) -> None:
        self._drawn: dict[tuple[Split, bool, float, int], Samples] = {}

    def draw(
        self,
        split: Split,
        model: nn.Module,
        *,
        balanced: bool = True,
        noise: float = 0.0,
        most: int = 0,
    ) -> Samples:
        """Draw at most so many samples of each class, always the same ones.

        Args:
            split: The training split.
            model: Decides how many samples are enough.
            balanced: Count every class once; False gives each class its share of the split.
            noise: Standard deviation of Gaussian noise; above 0 every sample comes twice, as it is
                and with noise, clipped to the range of the split's inputs.
            most: Samples of a class; 0 stands for enough.

        Raises:
            InputError: If an argument is out of range, an input not finite, or a class has no
                sample.
        """
        if not 0 <= noise < float("inf") or most < 0:
            raise InputError(
                f"noise is {noise} and most {most}; they must be at least 0 and finite"
            )
        options = split, balanced, noise, most
        if options not in self._drawn:
            self._drawn[options] = _draw(*options, model)
        return self._drawn[options]


def _of_maps(split: Split, model: nn.Module) -> int:
    """Samples of each class whose largest feature maps fit the memory together: a repair does.

    All batches wait before each layer, and hold what the layers after it are yet to read.
    """
    spans = spans_of(model, split.x[:1]).values()
    largest = max(
        (span.outputs[0].numel() * span.outputs.element_size() for span in spans), default=1
    )
    return max(1, min(per_class_of_maps(split.classes), LIVE // (largest * split.classes)))


def _draw(split: Split, balanced: bool, noise: float, most: int, model: nn.Module) -> Samples:
    shares = shares_by_count(torch.from_numpy(split.counts()), balanced=balanced)
    chosen = at_most(split, most or (_of_maps(split, model) if has_maps(model) else PER_CLASS))
    weights = chosen.summed(standing(split, chosen, shares).to(chosen.y.device)[chosen.labels])
    weights = weights / weights.sum()
    clean = chosen.x if chosen.x.is_floating_point() else chosen.x.float()
    if not torch.isfinite(clean).all():
        raise InputError("the training samples are not finite (NaN or infinity)")
    starts = torch.rand(len(clean), generator=torch_stream(0, "positions of maps"))
    starts = starts.to(clean.device)
    norms = norms_behind(model, clean[:2]) if has_maps(model) else {}
    if noise == 0:
        return Samples(x=clean, clean=clean, weights=weights, starts=starts, norms=norms)
    gaussian = torch.randn(clean.shape, generator=torch_stream(0, "noise of statistics"))
    noisy = (clean + noise * gaussian.to(clean)).clamp(float(clean.min()), float(clean.max()))
    twice = torch.cat([clean, clean])
    return Samples(
        x=torch.cat([clean, noisy]),
        clean=twice,
        weights=torch.cat([weights] * 2) / 2,
        starts=torch.cat([starts] * 2),
        norms=norms,
    )
