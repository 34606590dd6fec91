"""Units leave a network with all that belongs to them."""

import copy

import torch
from torch import Tensor, nn

import leastloss as ll
from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.layers import Masks, prunable_layers
from leastloss.pruning import Parts


def made(kind: str) -> tuple[nn.Module, Tensor]:
    """A network whose biases and BatchNorm layers all do something, and samples for it."""
    generator = torch.Generator().manual_seed(3)
    models: dict[str, nn.Module] = {
        "binarized-mlp": BinarizedMLP(20, (9, 7), 4, generator=generator),
        "mlp": MLP(20, (9, 7), 4, generator=generator),
        "mlp-no-bias": MLP(20, (9, 7), 4, bias=False, generator=generator),
        "convnet": ConvNet((2, 8, 8), (5, 5, 6, 7), 4, generator=generator),
        "norms": nn.Sequential(
            *(nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Conv2d(6, 5, 3, bias=False), nn.BatchNorm2d(5)),
            *(nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.BatchNorm1d(20), nn.Dropout()),
            *(nn.Linear(20, 6, bias=False), nn.PReLU(), nn.Linear(6, 4, bias=False)),
        ),
    }
    model = models[kind]
    for module in model.modules():
        for name, value in (*module.named_parameters(recurse=False), *module.named_buffers()):
            moved = name in ("bias", "running_mean") or isinstance(module, nn.BatchNorm1d)
            if moved and value.is_floating_point():
                value.data = torch.rand(value.shape, generator=generator) - 0.4
            if name == "running_var":
                value.data = torch.rand(value.shape, generator=generator) + 0.5
    shape = (20,) if "mlp" in kind else (2, 8, 8)
    return model.eval(), torch.rand(64, *shape, generator=generator)


def widths(model: nn.Module) -> list[int]:
    return [len(layer.weight) for layer in prunable_layers(model).values()]


def test_one_unit_stays_and_one_layer_is_left_as_it_is() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        net[2].weight.zero_()
    assert widths(ll.compact(net)) == [1, 2]
    assert widths(ll.compact(nn.Linear(4, 2))) == [2]
    assert widths(ll.compact(MLP(4, (), 2))) == [2]


def test_a_state_between_the_layers_that_is_unknown_keeps_the_units() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.PReLU(4), nn.Linear(4, 2))
    masks: Masks = Parts.of(net, "unit").masks(torch.arange(2).numpy())
    assert widths(ll.compact(net, masks)) == [4, 2]


def test_gradients_memory_format_and_mode_stay() -> None:
    model, x = made("convnet")
    masks = Parts.of(model, "unit").masks(torch.arange(3).numpy())
    model.train()
    before = copy.deepcopy(model.state_dict())
    small = ll.compact(model, masks)
    assert model.training
    assert not small.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert small.layers[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert all(parameter.requires_grad for parameter in small.parameters())
    loss = small.train()(x).sum()
    loss.backward()
