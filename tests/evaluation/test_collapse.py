"""Collapse of a network, and the class geometry of any of its layers."""

import pytest
import torch
from torch import Tensor, nn

from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.evaluation import layer_statistics, network_collapse
from leastloss.geometry import class_statistics, collapse_metrics
from leastloss.models import MLP


class Odd(nn.Module):
    """A network whose logits are no affine function of its last layer's outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map to logits."""
        logits: Tensor = self.last(x.flatten(1)).sin().roll(1, dims=1)
        return logits


def test_without_an_affine_head_only_the_features_are_measured(data: Data) -> None:
    found = network_collapse(Odd(), data.train)
    assert "nc1" in found
    assert not {"nc3", "nc4", "minority_angle"} & set(found)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    soft = nn.Sequential(*plain, nn.LogSoftmax(dim=1))
    assert network_collapse(soft, data.train) == network_collapse(plain, data.train)


def test_the_metrics_of_a_network_are_those_of_its_features(
    networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks["mlp"]
    features = model.layers[:-1](data.train.x.flatten(1)).detach()
    last = model.layers[-1]
    expected = collapse_metrics(
        features, data.train.y, last.weight, last.bias, minority=data.minority
    )
    assert network_collapse(model, data.train, most=None) == pytest.approx(expected, rel=1e-5)
    part = network_collapse(model, data.train, most=5)
    assert part["seli_distance"] != expected["seli_distance"]
    # The classifier and SELI's class counts are those of training, whatever is looked at.
    for name in ("classifier_seli_distance", "minority_angle"):
        assert part[name] == pytest.approx(expected[name], rel=1e-9)


@pytest.mark.parametrize("keep", [False, True])
def test_statistics_of_any_layer(keep: bool, networks: dict[str, nn.Module], data: Data) -> None:
    model = networks["mlp"]
    split = data.train.subset(torch.arange(len(data.train)).repeat(3))  # several batches
    found = layer_statistics(model, split, "layers.2", shrinkage=3.0, keep_covariances=keep)
    features = model.layers[:2](split.x.flatten(1)).detach()
    expected = class_statistics(features, split.y, shrinkage=3.0, keep_covariances=keep)
    torch.testing.assert_close(found.within, expected.within, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found.means, expected.means, rtol=1e-4, atol=1e-6)
    assert (found.covariances is None) == (not keep)
    assert model.training is False
    assert not model.layers[2]._forward_pre_hooks


def test_layers_are_seen_before_they_work_in_place() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True), nn.Linear(2, 2))
    nn.init.eye_(net[0].weight)
    nn.init.zeros_(net[0].bias)
    split = Split(torch.tensor([[-1.0, 1.0], [2.0, -3.0]]), torch.tensor([0, 1]), 2, (0,))
    assert layer_statistics(net, split, "1").means.tolist() == [[-1.0, 1.0], [2.0, -3.0]]
    assert layer_statistics(net, split, "2").means.tolist() == [[0.0, 1.0], [2.0, 0.0]]


def test_bad_input_is_named(data: Data) -> None:
    model = MLP(64, (8,), 10)
    with pytest.raises(InputError, match=r"unknown layer 'layers.9'"):
        layer_statistics(model, data.train, "layers.9")
    twice = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
    twice.append(twice[1])
    flat = Split(data.train.x.flatten(1), data.train.y, 10, data.minority)
    with pytest.raises(InputError, match="runs 2 times"):
        layer_statistics(twice, flat, "1")
    empty = data.train.subset((data.train.y != 4).nonzero()[:, 0])
    for measured in (network_collapse, lambda m, s: layer_statistics(m, s, "layers.2")):
        with pytest.raises(InputError, match="no samples of class 4"):
            measured(model, empty)
    nn.init.constant_(model.layers[0].bias, torch.nan)
    with pytest.raises(InputError, match="features of class 0 are not finite"):
        network_collapse(model, data.train)
