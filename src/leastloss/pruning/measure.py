"""What every step of a path reports."""

import contextlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.evaluation import description_length, evaluate
from leastloss.geometry import class_statistics, within_class_variability
from leastloss.models.features import penultimate_features
from leastloss.models.layers import Masks, hidden_units, prunable_layers
from leastloss.pruning.masks import dead_units, sparsity


def ternary_weights(model: nn.Module, masks: Masks) -> dict[str, NDArray[np.int8]]:
    """Signs of the kept weights as matrices of -1, 0 (pruned) and +1, shape (out, fan-in).

    A latent weight of exactly 0 counts as +1, as in the binary forward pass.
    """
    layers = prunable_layers(model, list(masks))
    signs = {n: torch.where(layers[n].weight.detach() >= 0, 1, -1) * m for n, m in masks.items()}
    return {name: sign.flatten(1).cpu().numpy().astype(np.int8) for name, sign in signs.items()}


def measure(model: nn.Module, masks: Masks, data: Data) -> dict[str, float]:
    """Measure a pruned network.

    Returns:
        The metrics of :func:`leastloss.evaluate` on the test split, the same with prefix ``val_``
        on the validation split; ``bdm_bits``, ``block_entropy`` and ``compressed_bytes`` of the
        ternary weights; ``nc1`` of the training features before the last layer; ``dead_units``
        (in chains of Linear layers); ``weight_sparsity`` by the masks.
    """
    metrics = dict(evaluate(model, data.test))
    metrics |= {f"val_{name}": value for name, value in evaluate(model, data.val).items()}
    metrics |= description_length(ternary_weights(model, masks))
    features = penultimate_features(model, data.train.x)
    statistics = class_statistics(features, data.train.y, data.classes)
    metrics["nc1"] = within_class_variability(statistics)
    metrics["weight_sparsity"] = sparsity(masks)
    # No units to count unless it is a chain of Linear layers that are all masked.
    with contextlib.suppress(InputError, KeyError):
        metrics["dead_units"] = float(dead_units(masks, hidden_units(model)))
    return metrics
