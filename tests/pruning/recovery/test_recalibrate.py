"""BatchNorm statistics are refilled from the training split, and nothing else moves."""

import copy

import torch
from tests.pruning.recovery.cases import halved
from torch import nn

from leastloss.data import Data
from leastloss.evaluation import evaluate
from leastloss.pruning import (
    Recalibrate,
    full_masks,
    prune,
)


def test_recalibrated_statistics_are_those_of_the_training_split(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = halved(networks["binarized-mlp"])
    weights = {n: p.detach().clone() for n, p in model.named_parameters()}
    Recalibrate(batch_size=10**6).begin(model, data, 0)(model, masks)
    first, norm = model.layers[0], model.layers[1]  # type: ignore[index]  # a Sequential
    features = first(2 * data.train.x.flatten(1) - 1).detach()
    assert torch.allclose(norm.running_mean, features.mean(0), atol=1e-4)
    assert torch.allclose(norm.running_var, features.var(0), rtol=1e-4, atol=1e-4)
    assert norm.momentum == 0.1
    assert not any(module.training for module in model.modules())
    assert all(torch.equal(weights[n], p) for n, p in model.named_parameters())


def test_recalibration_reads_a_draw_of_the_training_split_when_asked(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = halved(networks["binarized-mlp"])
    means = []
    for samples, seed in ((200, 0), (200, 0), (200, 1), (10**6, 0)):
        Recalibrate(samples=samples).begin(model, data, seed)(model, masks)
        means.append(model.layers[1].running_mean.clone())  # type: ignore[index]  # a Sequential
    assert torch.equal(means[0], means[1])
    assert not torch.equal(means[0], means[2])
    assert torch.allclose(means[0], means[3], atol=1.5)
    assert not torch.equal(means[0], means[3])


def test_recalibration_leaves_a_network_without_batchnorm_alone(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = halved(networks["mlp"])
    before = copy.deepcopy(model.state_dict())
    Recalibrate().begin(model, data, 0)(model, masks)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_dense_row_gets_the_same_repair(data: Data, networks: dict[str, nn.Module]) -> None:
    model = networks["binarized-mlp"]
    path = prune(
        model, data, "random", to_sparsity=0.5, steps=1, recovery="recalibrate", progress=False
    )
    alone = copy.deepcopy(model)
    Recalibrate().begin(model, data, 0)(alone, full_masks(alone))
    assert path.steps[0].metrics["loss"] == evaluate(alone, data.test)["loss"]
    assert path.steps[0].metrics["loss"] != evaluate(model, data.test)["loss"]
    first = path.model_at(0.0)(data.test.x)
    assert torch.equal(first, alone(data.test.x))
