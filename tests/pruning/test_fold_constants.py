"""What a constant unit sends is folded into the layer that reads it."""

import torch
from tests.pruning.unit_cases import assert_equal, widths
from torch import nn

import leastloss as ll
from leastloss.models import BinaryLinear
from leastloss.models.binarize import Binarize


def test_a_constant_is_folded_through_the_activation_and_cascades() -> None:
    # Unit 1 is relu(2) = 2 always. Units 0 and 1 of the second layer read it alone: they are
    # relu(1 - 6) = 0 and relu(1 + 4) = 5; the last layer keeps what is read of unit 2.
    net = nn.Sequential(
        *(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1, bias=False))
    )
    with torch.no_grad():
        net[0].weight[:], net[0].bias[:] = torch.tensor([[1.0], [0.0]]), torch.tensor([0.0, 2.0])
        net[2].weight[:] = torch.tensor([[0.0, -3.0], [0.0, 2.0], [7.0, 1.0]])
        net[2].bias[:] = 1.0
        net[4].weight[:] = torch.tensor([[1.0, 10.0, 1.0]])
    small = ll.compact(net)
    assert widths(small) == [1, 1, 1]
    assert small[2].bias.tolist() == [3.0]  # 1, and 1 * 2 of the constant unit
    assert small[4].bias.tolist() == [50.0]
    assert small(torch.tensor([[1.0]])).item() == 7 + 3 + 50


def binary(*, norm: bool) -> nn.Sequential:
    """The first of two hidden units has no inputs, and its BatchNorm makes a sign of its own."""
    net = nn.Sequential(BinaryLinear(3, 2), nn.BatchNorm1d(2), Binarize(), BinaryLinear(2, 2))
    net.append(nn.BatchNorm1d(2) if norm else nn.Identity())
    with torch.no_grad():
        net[0].mask[0], net[1].bias[0] = 0.0, -1.0
        net[3].weight[:] = torch.tensor([[0.5, 0.5], [-0.5, 0.5]])
    return net.eval()


def test_a_constant_sign_goes_into_the_next_batch_norm() -> None:
    small = ll.compact(binary(norm=True))
    assert widths(small) == [1, 2]
    assert small[4].running_mean.tolist() == [1.0, -1.0]  # 0 minus the share: signs times -1
    kept = ll.compact(binary(norm=False))
    assert widths(kept) == [2, 2]  # no bias, no BatchNorm: nothing takes it in


def test_an_unread_unit_goes_and_a_constant_channel_before_padding_stays() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, 3, padding=1), nn.Flatten()
    )
    net.append(nn.Linear(2 * 16, 2))
    with torch.no_grad():
        net[0].weight[0], net[0].bias[0] = 0.0, 1.0  # constant 1, but 0 around the image
        net[0].weight[1], net[0].bias[1] = 0.0, -1.0  # constant 0: nothing to take in
        net[2].weight[:, 2] = 0.0  # not read
    x = torch.rand(5, 1, 4, 4)
    small = ll.compact(net, sample=x[:1])
    assert widths(small) == [1, 2, 2]
    assert_equal(small, net, x)
    with torch.no_grad():
        net[2].padding = (0, 0)
    net[4] = nn.Linear(2 * 4, 2)
    small = ll.compact(net, sample=x[:1])
    assert widths(small)[0] == 1  # without padding all three go, but one must stay
    assert_equal(small, net, x)
