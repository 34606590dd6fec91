"""Networks whose biases and norms all do something, and what is left of them."""

import torch
from torch import Tensor, nn

from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.layers import prunable_layers


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


def assert_equal(one: nn.Module, two: nn.Module, x: Tensor) -> None:
    with torch.inference_mode():
        torch.testing.assert_close(one(x), two(x), rtol=1e-4, atol=1e-4)
