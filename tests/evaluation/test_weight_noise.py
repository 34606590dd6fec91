import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.evaluation import with_weight_noise
from leastloss.models import MLP, BinarizedMLP, BinaryLinear, ConvNet
from leastloss.models.layers import weight_layers
from leastloss.pruning import apply_masks


def eps_of(noisy, weight):
    return (noisy / weight - 1).detach()


@pytest.mark.parametrize(("severity", "sigma"), [(1, 0.01), (2, 0.02), (3, 0.05), (4, 0.1)])
def test_noise_is_in_proportion_with_the_sigma_of_the_severity(severity, sigma):
    layer = nn.Linear(300, 200)
    noisy = with_weight_noise(layer, severity, seed=0)
    eps = eps_of(noisy.weight, layer.weight)
    assert float(eps.std()) == pytest.approx(sigma, rel=0.02)
    assert abs(float(eps.mean())) < 5 * sigma / 60_000**0.5
    assert torch.equal(noisy.bias, layer.bias)


def test_the_fifth_severity_is_ours():
    layer = nn.Linear(300, 200)
    noisy = with_weight_noise(layer, 5, seed=0)
    assert float(eps_of(noisy.weight, layer.weight).std()) == pytest.approx(0.2, rel=0.02)


def test_networks_of_one_shape_meet_the_same_noise():
    first, second = (MLP(9, (6, 6), 3, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    found = []
    for model in (first, second):
        noisy = with_weight_noise(model, 4, seed=3)
        pairs = zip(weight_layers(noisy).values(), weight_layers(model).values(), strict=True)
        found.append([eps_of(a.weight, b.weight) for a, b in pairs])
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert not torch.allclose(found[0][0][:, :6], found[0][1])  # another layer, another noise
    again = weight_layers(with_weight_noise(first, 4, seed=4)).values()
    assert not torch.equal(
        next(iter(again)).weight, next(iter(weight_layers(noisy).values())).weight
    )


@pytest.mark.parametrize("kind", ["mlp", "binarized", "convnet"])
def test_pruned_weights_stay_zero_and_the_network_is_left_alone(kind):
    generator = torch.Generator().manual_seed(0)
    model = {
        "mlp": lambda: MLP(64, (8,), 3, generator=generator),
        "binarized": lambda: BinarizedMLP(64, (8,), 3, generator=generator),
        "convnet": lambda: ConvNet((1, 8, 8), (4, 8), 3, generator=generator),
    }[kind]().eval()
    masks = {name: torch.rand_like(m.weight) < 0.5 for name, m in weight_layers(model).items()}
    apply_masks(model, masks)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.rand(5, 1, 8, 8)
    clean = model(x)
    noisy = with_weight_noise(model, 5, seed=0)
    for name, layer in weight_layers(noisy).items():
        assert (layer.weight[~masks[name]] == 0).all()
        assert (layer.weight[masks[name]] != 0).all()
        assert not isinstance(layer, BinaryLinear)  # signs would hide the noise
    assert not torch.equal(noisy(x), clean)
    assert torch.equal(model(x), clean)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_binary_layer_by_itself_is_noisy_too():
    layer = BinaryLinear(4, 2)
    noisy = with_weight_noise(layer, 1, seed=0)
    assert torch.allclose(noisy.weight, layer.effective_weight(), atol=0.06)
    assert not torch.equal(noisy.weight, layer.effective_weight())


def test_weights_that_two_layers_share_are_changed_once():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    noisy = with_weight_noise(net, 5, seed=0)
    assert noisy[0].weight is noisy[1].weight
    assert torch.equal(noisy[0].weight, with_weight_noise(net[0], 5, seed=0).weight)


def test_bad_input():
    with pytest.raises(InputError, match="needs Linear or Conv2d layers"):
        with_weight_noise(nn.ReLU(), 1, seed=0)
    with pytest.raises(InputError, match="severity is 6"):
        with_weight_noise(nn.Linear(2, 2), 6, seed=0)
