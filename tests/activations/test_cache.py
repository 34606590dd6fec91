"""What was computed of a layer's inputs, and what tells that they changed."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from leastloss.activations import cache
from leastloss.activations.cache import LayerCache, network_key, reading_keys


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


@pytest.mark.parametrize("entry", ["0.running_mean", "1.weight", "4.bias"])
def test_the_key_of_a_network_follows_all_of_it(entry: str) -> None:
    net = chain()
    before = network_key(net)
    assert network_key(net) == before
    net.state_dict()[entry].add_(1)
    assert network_key(net) != before


def test_layers_may_change_on_the_way() -> None:
    net = chain()
    for name, key in reading_keys(net, {n: net[int(n)] for n in ("1", "3", "4")}):
        nn.init.zeros_(net[int(name)].weight)
        last = key
    assert last == keys(net)[-1]


def test_keys_of_any_type_of_number() -> None:
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        assert all(a != b for a, b in pairwise(keys(chain().to(kind))))


def test_only_the_same_network_reading_the_same_finds_its_value() -> None:
    net, other, value = chain(), chain(), torch.ones(2, 2)
    stored = LayerCache()
    stored.put(net, "1", "moments", b"a", value)
    assert stored.get(net, "1", "moments", b"a") is value
    assert stored.get(net, "1", "inverse diagonals", b"a") is None
    assert stored.get(net, "1", "moments", b"b") is None
    assert stored.get(net, "3", "moments", b"a") is None
    assert stored.get(other, "1", "moments", b"a") is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 100)
    net, stored, small, large = chain(), LayerCache(), torch.ones(10), torch.ones(20)
    stored.put(net, "1", "moments", b"a", small)
    stored.put(net, "3", "moments", b"a", large)
    assert stored.get(net, "1", "moments", b"a") is small
    assert stored.get(net, "3", "moments", b"a") is None
    stored.put(net, "1", "moments", b"b", large)
    assert stored.get(net, "1", "moments", b"b") is large
