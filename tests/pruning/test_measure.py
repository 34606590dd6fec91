"""What a step reports."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from leastloss.data import Data
from leastloss.evaluation import evaluate, fairness_metrics, names_of, network_collapse, predict
from leastloss.geometry import COLLAPSE
from leastloss.models.layers import prunable_layers
from leastloss.pruning import apply_masks, prune
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


def test_logits_at_hand_give_the_same(networks: dict[str, nn.Module], data: Data) -> None:
    model = networks["mlp"]
    masks = {
        n: torch.ones_like(m.weight, dtype=torch.bool) for n, m in prunable_layers(model).items()
    }
    given = measure(model, masks, data, predict(model, data.test.x))
    assert given == measure(model, masks, data)


def test_every_step_is_held_against_the_dense_network(
    networks: dict[str, nn.Module], data: Data
) -> None:
    model, test = networks["mlp"], data.test
    path = prune(
        model, data, "magnitude", to_sparsity=0.9, steps=3, recovery="none", progress=False
    )
    dense = predict(model, test.x).argmax(1).numpy()
    assert path.predictions().shape == (4, len(test))
    assert path.predictions().dtype == path.dense_predicted.dtype == np.uint8
    assert np.array_equal(path.dense_predicted, dense)
    for step, row in zip(path.steps, path.table().to_dict("records"), strict=True):
        at = path.model_at(step.removed / len(path.parts))
        labels = predict(at, test.x).argmax(1).numpy()
        assert np.array_equal(step.predicted, labels)
        expected = fairness_metrics(labels, dense, test.y, 10)
        assert {name: row[name] for name in names_of("fairness")} == expected
    assert path.table()["changed_predictions"].iloc[0] == 0
    assert path.table()["changed_predictions"].iloc[-1] > 0


def test_a_repair_of_the_dense_network_is_a_change(
    networks: dict[str, nn.Module], data: Data
) -> None:
    model = copy.deepcopy(networks["binarized-mlp"])
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            assert module.running_mean is not None
            module.running_mean += 0.5  # recalibration will set it right
    options = {"to_sparsity": 0.5, "steps": 1, "progress": False}
    path = prune(model, data, "magnitude", recovery="recalibrate", **options)
    assert np.array_equal(path.dense_predicted, predict(model, data.test.x).argmax(1).numpy())
    changed = float((path.steps[0].predicted != path.dense_predicted).mean())
    assert path.table()["changed_predictions"].iloc[0] == changed > 0
