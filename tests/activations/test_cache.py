"""What is known of a layer's inputs, and what tells that they changed."""

import gc
from itertools import pairwise

import pytest
import torch
from tests.criteria.cases import mlp, split
from torch import nn

from leastloss.activations import cache
from leastloss.activations.cache import Known, reading_keys
from leastloss.activations.moments import draw_samples


def chain() -> nn.Sequential:
    return nn.Sequential(
        nn.BatchNorm1d(3), nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2), nn.Linear(2, 2)
    )


def keys(net: nn.Sequential) -> list[bytes]:
    return [key for _, key in reading_keys(net, {n: net[int(n)] for n in ("1", "3", "4")})]


@pytest.mark.parametrize(
    ("entry", "same"),
    [
        ("0.running_mean", (False, False, False)),
        ("1.weight", (True, False, False)),
        ("1.bias", (True, False, False)),
        ("3.weight", (True, True, False)),
        ("4.weight", (True, True, True)),
    ],
)
def test_keys_follow_what_comes_before(entry: str, same: tuple[bool, ...]) -> None:
    net = chain()
    before = keys(net)
    net.state_dict()[entry].add_(1)
    assert tuple(a == b for a, b in zip(before, keys(net), strict=True)) == same


def test_layers_may_change_on_the_way() -> None:
    net = chain()
    for name, key in reading_keys(net, {n: net[int(n)] for n in ("1", "3", "4")}):
        nn.init.zeros_(net[int(name)].weight)
        last = key
    assert last == keys(net)[-1]


def test_keys_of_any_type_of_number() -> None:
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        assert all(a != b for a, b in pairwise(keys(chain().to(kind))))


def test_only_the_same_network_reading_the_same_is_known() -> None:
    net, other, moments = chain(), chain(), (torch.ones(2, 2),)
    found = Known()
    found.put(net, "1", b"a", moments)
    assert found.get(net, "1", b"a") is moments
    assert found.get(net, "1", b"b") is None
    assert found.get(net, "3", b"a") is None
    assert found.get(other, "1", b"a") is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "HELD", 100)
    net, found, small, large = chain(), Known(), (torch.ones(10),), (torch.ones(20),)
    found.put(net, "1", b"a", small)
    found.put(net, "3", b"a", large)
    assert found.get(net, "1", b"a") is small
    assert found.get(net, "3", b"a") is None
    found.put(net, "1", b"b", large)
    assert found.get(net, "1", b"b") is large


def test_a_draw_is_shared_while_it_is_held() -> None:
    train, net = split(), mlp()
    one = draw_samples(train, net)
    assert draw_samples(train, net) is one
    assert draw_samples(train, net, balanced=False) is not one
    assert draw_samples(split(), net) is not one
    old = one.x.data_ptr(), one.weights
    del one
    gc.collect()
    again = draw_samples(train, net)
    assert again.x.data_ptr() == old[0]
    assert torch.equal(again.weights, old[1])
    assert again.weights is not old[1]
