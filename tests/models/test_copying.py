"""What a plain deepcopy refuses is copied all the same, or refused in one line."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.prune import is_pruned, l1_unstructured

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
@pytest.mark.filterwarnings("ignore:.*zero already:UserWarning")
def test_a_network_masked_by_torch_is_taken_as_it_is_and_left_so(
    use: Callable[[nn.Module], object],
) -> None:
    net = masked()
    use(net)
    assert is_pruned(net)


def test_a_result_that_is_kept_is_copied_without_its_history() -> None:
    net = Keeping()
    net(torch.ones(1, 6))
    copied = own_copy(net)
    assert torch.equal(copied.kept, net.kept)
    assert copied.kept is not net.kept
    assert not copied.kept.requires_grad


def test_results_in_a_list_are_refused_in_one_line() -> None:
    net = Keeping()
    net.all, net.kept = [net(torch.ones(1, 6))], None
    with pytest.raises(InputError, match="Keeping holds a tensor that is computed") as said:
        own_copy(net)
    assert "\n" not in str(said.value)
