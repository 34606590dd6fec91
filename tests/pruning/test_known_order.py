"""A path that is known by its order lends what the whole path would."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.plan import Plan
from leastloss.pruning import PruningPath, path_of_order, prune_by, shuffled

CASES = [
    ("mlp", {"substeps": 2, "spacing": "geometric", "recovery": "compensate"}),
    ("binarized-mlp", {"balance": "polarity", "recovery": "recalibrate"}),
    ("convnet", {"granularity": "unit", "recovery": "none"}),
    ("mlp", {"schedule": "one-shot", "recovery": "finetune:epochs=1", "empty_layers": True}),
]


def rows(path: PruningPath) -> Any:
    return path.table().drop(columns=["score_seconds", "repair_seconds"])


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_followers_come_out_the_same(
    kind: str, options: dict[str, Any], networks: dict[str, nn.Module], data: Data
) -> None:
    dense, plan = networks[kind], Plan(sparsities=(0.3, 0.6), seed=3, **options)
    path = prune_by(dense, data, "magnitude", plan, progress=False)
    known = path_of_order(dense, data, "magnitude", plan, path.removal_order)
    first = rows(path).iloc[:1]
    assert rows(known)[["step", "removed", "sparsity"]].equals(
        rows(path)[["step", "removed", "sparsity"]]
    )
    assert rows(known)[list(first)].iloc[:1].equals(first)
    assert np.array_equal(known.dense_predicted, path.dense_predicted)
    for one, other in (
        (shuffled(path, data), shuffled(known, data)),
        _followed(dense, data, plan, path, known),
    ):
        assert rows(one).equals(rows(other))
        assert np.array_equal(one.removal_order, other.removal_order)
        state = other.model_at(0.6).state_dict()
        assert all(torch.equal(v, state[k]) for k, v in one.model_at(0.6).state_dict().items())


def _followed(
    dense: nn.Module, data: Data, plan: Plan, *paths: PruningPath
) -> tuple[PruningPath, ...]:
    """What follows each of the paths."""
    return tuple(
        prune_by(dense, data, "random", replace(plan, allocation=path), progress=False)
        for path in paths
    )


def test_an_order_of_another_path_is_refused(networks: dict[str, nn.Module], data: Data) -> None:
    dense, plan = networks["mlp"], Plan(sparsities=(0.5,))
    order = prune_by(dense, data, "magnitude", plan, progress=False).removal_order
    wrong = (order[:-1], np.append(order[:-1], order[0]), np.append(order[:-1], 10**6))
    for other in wrong:
        with pytest.raises(InputError, match="the removal order of 'magnitude' is of another path"):
            path_of_order(dense, data, "magnitude", plan, other)
