"""What a step reports."""

import math

import pytest
import torch
from torch import nn

from leastloss.data import Data
from leastloss.evaluation import evaluate, network_collapse
from leastloss.geometry import COLLAPSE
from leastloss.models.layers import prunable_layers
from leastloss.pruning import apply_masks
from leastloss.pruning.measure import measure


@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
def test_a_step_reports_accuracy_length_and_collapse(
    kind: str, networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks[kind]
    masks = {
        n: torch.ones_like(m.weight, dtype=torch.bool) for n, m in prunable_layers(model).items()
    }
    found = measure(model, masks, data)
    assert set(COLLAPSE) <= set(found)
    assert all(math.isfinite(found[name]) for name in COLLAPSE)
    assert {n: found[n] for n in COLLAPSE} == network_collapse(model, data.train)
    assert found["val_accuracy"] == evaluate(model, data.val)["accuracy"]
    assert found["dead_units"] == found["weight_sparsity"] == 0.0
    assert {"bdm_bits", "compressed_bytes", "accuracy"} <= set(found)


def test_a_network_without_any_weight_is_measured(data: Data) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 10))
    masks = {
        n: torch.zeros_like(m.weight, dtype=torch.bool) for n, m in prunable_layers(model).items()
    }
    apply_masks(model, masks)
    found = measure(model, masks, data)
    assert found["weight_sparsity"] == 1.0
    assert math.isnan(found["nc1"])  # all features are equal
    assert math.isnan(found["minority_angle"])
    assert found["nc4"] <= 1.0
