"""Widths of a dense network that is no larger than a pruned one."""

import pytest
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.experiment.config import TrainConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.prune_run.width_search import (
    count_weights,
    measured_steps,
    remaining_weights,
    scaled,
    sizes_of,
    untrained,
    widths_within,
)
from leastloss.options import parameters


def dense_of(network: nn.Module, data: Data, **settings: str) -> Dense:
    given = parameters(TrainConfig()) | settings
    return Dense(model=network, data=data, run_id="", model_id="", name="net", settings=given)


def test_as_wide_as_the_size_allows(networks: dict[str, nn.Module], data: Data) -> None:
    dense = dense_of(networks["mlp"], data, model="mlp", hidden="40,20")
    # 64 a + a b + 10 b weights for widths a and b = a / 2, and a + b + 10 biases
    assert widths_within(dense, 1000, 1e9) == (13, 6)  # 832 + 78 + 60; 14, 7 would be 1064
    assert widths_within(dense, 1e9, 1000) == (13, 6)  # 999 in all
    assert widths_within(dense, 1e9, 998) == (12, 6)
    assert widths_within(dense, 75, 1e9) == (1, 1)  # 64 + 1 + 10
    with pytest.raises(InputError, match="no dense mlp has 74 weights or fewer"):
        widths_within(dense, 74, 1e9)
    flat = dense_of(networks["mlp"], data, model="mlp", hidden="")
    with pytest.raises(InputError, match="no hidden layer"):
        widths_within(flat, 1000, 1000)


def test_poolings_stay_where_they_were(networks: dict[str, nn.Module], data: Data) -> None:
    assert scaled((8, 16, 16, 32, 32, 64), 0.05, blocks=5) == (1, 2, 2, 3, 3, 3)
    assert scaled((8, 16, 32), 1.0, blocks=2) == (8, 16, 32)
    dense = dense_of(networks["convnet"], data, model="convnet", hidden="8,16,32")
    widths = widths_within(dense, 1000, 1e9)
    small = untrained(dense, widths)
    assert count_weights(small) <= 1000
    pools = [
        sum(isinstance(m, nn.MaxPool2d) for m in net.modules()) for net in (small, dense.model)
    ]
    assert pools == [2, 2]


@pytest.mark.parametrize(
    ("kind", "hidden", "granularity"),
    [("mlp", "12,8", "weight"), ("binarized-mlp", "12,8", "unit"), ("convnet", "8,16,32", "unit")],
)
def test_no_larger_than_any_pruned_network(
    kind: str, hidden: str, granularity: str, networks: dict[str, nn.Module], data: Data
) -> None:
    dense = dense_of(networks[kind], data, model=kind, hidden=hidden)
    options = {"granularity": granularity, "to_sparsity": 0.7, "steps": 4, "progress": False}
    options["recovery"] = "none"
    paths = [ll.prune(dense.model, data, name, **options) for name in ("random", "magnitude")]  # type: ignore[arg-type]
    sizes = sizes_of(dense, paths)
    assert list(sizes) == measured_steps(paths[0]) == [2, 3, 4]
    before = count_weights(dense.model)
    for step, widths in sizes.items():
        small = untrained(dense, widths)
        for path in paths:
            masks = path.masks_at(path.steps[step].removed / len(path.parts))
            kept = sum(int(mask.sum()) for mask in masks.values())
            assert kept == remaining_weights(path, step)
            assert count_weights(small) <= kept
            count = sum(value.numel() for value in small.parameters())
            assert count <= path.steps[step].metrics["parameters"]
        assert count_weights(small) < before
        before = count_weights(small)
