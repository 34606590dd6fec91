"""What torch does not copy is said in one line, whichever function would have copied it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.prune import l1_unstructured, remove

import leastloss as ll
from leastloss.errors import InputError
from leastloss.evaluation.weight_noise import with_weight_noise
from leastloss.models.copying import own_copy

DATA = (torch.rand(40, 6, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 4)


class Keeping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        self.kept = self.head(x)
        return self.kept


def masked() -> nn.Sequential:
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
    l1_unstructured(net[0], "weight", 0.5)
    return net


@pytest.mark.parametrize(
    "use",
    [
        lambda net: ll.prune(net, DATA, "magnitude", progress=False),
        lambda net: ll.logit_adjusted(net, DATA),
        lambda net: with_weight_noise(net, 1, seed=0),
        ll.compact,
    ],
    ids=["prune", "adjust", "noise", "compact"],
)
def test_a_network_masked_by_torch_is_refused_with_what_to_do(
    use: Callable[[nn.Module], object],
) -> None:
    with pytest.raises(InputError, match=r"module .0. .* torch\.nn\.utils\.prune\.remove") as said:
        use(masked())
    assert "\n" not in str(said.value)


def test_after_what_it_says_the_network_is_pruned() -> None:
    net = masked()
    remove(net[0], "weight")
    assert len(ll.prune(net, DATA, "magnitude", steps=1, progress=False).steps) == 2


def test_a_result_that_is_kept_is_named_by_its_network() -> None:
    net = Keeping()
    net(torch.ones(1, 6))
    with pytest.raises(InputError, match="module 'Keeping' holds a tensor"):
        own_copy(net)
