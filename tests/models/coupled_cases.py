"""Networks in which layers share channels, whose norms all do something."""

import torch
from torch import Tensor, nn

from leastloss.models import ResNet


class Dense(nn.Module):
    """What earlier layers gave is concatenated, also in front of a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 5, 3, padding=1)
        self.norm = nn.BatchNorm2d(9)
        self.third = nn.Conv2d(9, 6, 1)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x).relu()
        both = torch.cat([first, self.second(first).relu()], dim=1)
        return self.head(self.third(self.norm(both)).relu().mean((2, 3)))


class Squeeze(nn.Module):
    """Channels are multiplied by what two layers make of their means (squeeze and excitation)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3, padding=1), nn.Linear(6, 3)
        self.down, self.up = nn.Conv2d(6, 2, 1), nn.Conv2d(2, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv(x).relu()
        share = self.up(self.down(h.mean((2, 3), keepdim=True)).relu()).sigmoid()
        return self.head((h * share).mean((2, 3)))


def mobile() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU6()),
        *(nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False), nn.BatchNorm2d(6), nn.ReLU6()),
        *(nn.Conv2d(6, 4, 1, bias=False), nn.BatchNorm2d(4)),
        *(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)),
    )


def grouped() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 12, 3, padding=1, groups=4), nn.ReLU(), nn.Conv2d(12, 5, 1), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)),
    )


COUPLED = {
    "option-a": lambda: ResNet((3, 8, 8), 1, 3),
    "option-b": lambda: ResNet((3, 8, 8), 1, 3, shortcut="conv-bn"),
    "mobile": mobile,
    "grouped": grouped,
    "concatenated": Dense,
    "squeeze": Squeeze,
}


def coupled_case(kind: str) -> tuple[nn.Module, Tensor]:
    """One of them in evaluation mode, and samples for it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = COUPLED[kind]()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                for values in (module.weight, module.bias, module.running_mean, module.running_var):
                    assert values is not None
                    values.data = torch.rand(len(values)) + 0.3
        return model.eval(), torch.rand(6, 3, 8, 8)
