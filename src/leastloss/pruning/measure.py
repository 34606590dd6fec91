"""What every step of a path reports."""

import contextlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.evaluation import description_length, evaluate
from leastloss.geometry import class_statistics, within_class_variability
from leastloss.models.features import penultimate_features
from leastloss.models.layers import Masks, hidden_units, prunable_layers
from leastloss.pruning.masks import dead_units, sparsity
from leastloss.seeds import torch_stream

_PER_CLASS = 1000  # NC1 of so many is known to about one per cent


def ternary_weights(model: nn.Module, masks: Masks) -> dict[str, NDArray[np.int8]]:
    """Signs of the kept weights as matrices of -1, 0 (pruned) and +1, shape (out, fan-in).

    A latent weight of exactly 0 counts as +1, as in the binary forward pass.
    """
    layers = prunable_layers(model, list(masks))
    signs = {n: torch.where(layers[n].weight.detach() >= 0, 1, -1) * m for n, m in masks.items()}
    return {name: sign.flatten(1).cpu().numpy().astype(np.int8) for name, sign in signs.items()}


def at_most(split: Split, most: int) -> Split:
    """The split itself, or ``most`` samples of each class that has more, always the same draw.

    Example:
        >>> split = Split(torch.rand(6, 2), torch.tensor([0, 0, 0, 0, 0, 1]), 2, (1,))
        >>> at_most(split, 2).counts().tolist()
        [2, 1]
    """
    if int(split.counts().max()) <= most:
        return split
    draw = torch.randperm(len(split), generator=torch_stream(0, "measured samples"))
    drawn = draw.to(split.y.device)
    rank = (
        functional.one_hot(split.y[drawn], split.classes).cumsum(0).gather(1, split.y[drawn, None])
    )
    return split.subset(drawn[rank.squeeze(1) <= most].sort().values)


def measure(model: nn.Module, masks: Masks, data: Data) -> dict[str, float]:
    """Measure a pruned network.

    Returns:
        The metrics of :func:`leastloss.evaluate` on the test split, the same with prefix ``val_``
        on the validation split; ``bdm_bits``, ``block_entropy``, ``mask_sign_bits``,
        ``lzma_bytes``, ``zlib_bytes`` and ``compressed_bytes`` of the ternary weights; ``nc1`` of
        the training features before the last layer (of at most 1,000 samples a class);
        ``dead_units`` (in chains of Linear layers); ``weight_sparsity`` by the masks.
    """
    metrics = dict(evaluate(model, data.test))
    metrics |= {f"val_{name}": value for name, value in evaluate(model, data.val).items()}
    metrics |= description_length(ternary_weights(model, masks))
    some = at_most(data.train, _PER_CLASS)
    features = penultimate_features(model, some.x)
    statistics = class_statistics(features, some.y, data.classes)
    metrics["nc1"] = within_class_variability(statistics)
    metrics["weight_sparsity"] = sparsity(masks)
    # No units to count unless it is a chain of Linear layers that are all masked.
    with contextlib.suppress(InputError, KeyError):
        metrics["dead_units"] = float(dead_units(masks, hidden_units(model)))
    return metrics
