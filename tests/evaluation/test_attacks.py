import pytest
import torch
from torch import nn

from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.evaluation.attacks import RADII, attacked
from leastloss.models import BinarizedMLP

N, D = 60, 6


def data(low=0.3, high=0.7):
    generator = torch.Generator().manual_seed(0)
    x = low + (high - low) * torch.rand(N, D, generator=generator)
    return Split(x, torch.arange(N) % 2, 2, ())


def linear():
    layer = nn.Linear(D, 2)
    nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(1))
    return layer


def corner(model, split, radius):
    """Of two classes the loss grows along the other class's weights minus the own ones'."""
    away = (model.weight[1] - model.weight[0]).sign()
    return (split.x + radius * torch.where(split.y[:, None] == 0, away, -away)).clamp(0, 1).detach()


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_on_a_linear_network_both_end_in_the_corner(name, severity):
    split, model = data(0.0, 1.0), linear()
    found = attacked(model, split, name, severity, seed=0)
    radius = (2, 4, 8, 16, 32)[severity - 1] / 255
    assert torch.allclose(found, corner(model, split, radius), atol=1e-6)


def test_radii_are_those_of_the_page():
    assert [round(255 * radius, 9) for radius in RADII] == [2, 4, 8, 16, 32]


@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_stays_within_the_radius_and_leaves_network_and_samples_alone(name):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(D, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2)).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    split = data(0.0, 1.0)
    x = split.x.clone()
    found, again = (attacked(model, split, name, 4, seed=0) for _ in range(2))
    assert torch.equal(found, again)
    assert float((found - x).abs().max()) <= 16 / 255 + 1e-6
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.equal(split.x, x)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_pgd_is_at_least_as_strong_as_fgsm_on_a_curved_network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(D, 64), nn.Tanh(), nn.Linear(64, 2))
    nn.init.normal_(model[0].weight, std=4.0)
    split = data()

    def loss(x):
        return nn.functional.cross_entropy(model(x), split.y).item()

    found = {name: loss(attacked(model, split, name, 5, seed=0)) for name in ("fgsm", "pgd")}
    assert found["pgd"] > found["fgsm"] > loss(split.x)


def test_binary_networks_are_attacked_through_the_straight_through_gradient():
    model = BinarizedMLP(D, (8,), 2, generator=torch.Generator().manual_seed(0))
    split = data()
    assert not torch.equal(attacked(model, split, "fgsm", 3, seed=0), split.x)


class Fixed(nn.Module):
    def forward(self, x):
        return torch.zeros(len(x), 2)


def test_bad_input():
    with pytest.raises(InputError, match="no gradient in its inputs; leave out the attacks"):
        attacked(Fixed(), data(), "fgsm", 1, seed=0)
    with pytest.raises(InputError, match="did you mean 'fgsm'"):
        attacked(linear(), data(), "fgms", 1, seed=0)
    with pytest.raises(InputError, match="severity is 0"):
        attacked(linear(), data(), "fgsm", 0, seed=0)
