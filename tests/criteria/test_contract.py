"""What every registered criterion promises, on all models and at both granularities."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.criteria import CRITERIA, GRANULARITIES, Granularity, ScoringContext
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import Parts, apply_masks
from leastloss.seeds import stream

KINDS = ("mlp", "binarized-mlp", "convnet")


BINARY = ("flips",)  # has a meaning for binary networks alone


UNITS = [name for name, make in CRITERIA.items() if make().units_only]


EVERY = [
    (c, k, g)
    for c in CRITERIA
    for k in KINDS
    for g in GRANULARITIES
    if (k == "binarized-mlp" or c not in BINARY) and (g == "unit" or c not in UNITS)
]


def _context(
    model: nn.Module, data: Data, granularity: Granularity, removed: int = 0, seed: int = 0
) -> tuple[ScoringContext, Parts, np.ndarray]:
    model = copy.deepcopy(model)
    parts = Parts.of(model, granularity)
    gone = stream(0, "test").permutation(len(parts))[:removed]
    masks = parts.masks(gone)
    apply_masks(model, masks)
    context = ScoringContext(
        model=model,
        masks=masks,
        train=data.train,
        granularity=granularity,
        generator=stream(seed, "scores"),
    )
    return context, parts, gone


@pytest.mark.parametrize(("name", "kind", "granularity"), EVERY)
@pytest.mark.parametrize("share", [0.0, 0.4])
def test_scores(
    name: str,
    kind: str,
    granularity: Granularity,
    share: float,
    networks: dict[str, nn.Module],
    data: Data,
) -> None:
    criterion = CRITERIA[name]()
    size = len(Parts.of(networks[kind], granularity))
    context, parts, gone = _context(networks[kind], data, granularity, int(share * size))
    before = copy.deepcopy(context.model.state_dict())
    flat = parts.flatten(criterion.score(context))
    alive = np.ones(len(parts), dtype=bool)
    alive[gone] = False
    assert flat.dtype == np.float64
    assert np.isfinite(flat[alive]).all()
    decides = len(np.unique(flat[alive])) > 1
    assert decides == (name != "ties"), "a criterion that scores all alike decides nothing"
    # It leaves the network as it is: weights, mode, hooks, gradients.
    after = context.model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not any(module.training for module in context.model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in context.model.modules())
    assert all(parameter.grad is None for parameter in context.model.parameters())
    # Same seed, same bits.
    again, _, _ = _context(networks[kind], data, granularity, int(share * size))
    assert np.array_equal(parts.flatten(criterion.score(again)), flat, equal_nan=True)


@pytest.mark.parametrize(("name", "kind", "granularity"), EVERY)
def test_removal_order_if_there_is_one(
    name: str,
    kind: str,
    granularity: Granularity,
    networks: dict[str, nn.Module],
    data: Data,
) -> None:
    context, parts, gone = _context(networks[kind], data, granularity, removed=6)
    k = len(parts) // 3
    order = CRITERIA[name]().removal_order(context, k)
    if order is None:
        return
    assert order.dtype == np.int64
    assert len(order) == len(set(order.tolist())) == k
    assert not set(order.tolist()) & set(gone.tolist())
    again, _, _ = _context(networks[kind], data, granularity, removed=6)
    shorter = CRITERIA[name]().removal_order(again, k // 2)
    assert shorter is not None
    assert np.array_equal(shorter, order[: k // 2]), "fewer removals are the beginning of more"


@pytest.mark.parametrize("name", UNITS)
def test_scores_of_units_refuse_weights(
    name: str, networks: dict[str, nn.Module], data: Data
) -> None:
    with pytest.raises(InputError, match="scores hidden units, not single weights"):
        ll.prune(networks["mlp"], data, name, progress=False)
    context, _, _ = _context(networks["mlp"], data, "weight")
    with pytest.raises(InputError, match="use the granularity 'unit'"):
        CRITERIA[name]().removal_order(context, 1)


@pytest.mark.parametrize("name", CRITERIA)
def test_no_hidden_layer_means_no_units_and_says_so(name: str, data: Data) -> None:
    with pytest.raises(InputError, match="no hidden layer"):
        ll.prune(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), data, name, granularity="unit")


@pytest.mark.parametrize("name", CRITERIA)
def test_scores_see_the_training_split_alone(
    name: str, networks: dict[str, nn.Module], data: Data
) -> None:
    # The test split of another draw changes what is reported and must not change what is removed.
    other = ll.Data(data.name, data.train, data.test, data.val, data.recipe)
    kind = "binarized-mlp" if name in BINARY else "mlp"
    paths = [
        ll.prune(
            networks[kind],
            d,
            name,
            granularity="unit" if name in UNITS else "weight",
            to_sparsity=0.5,
            steps=2,
            progress=False,
        )
        for d in (data, other)
    ]
    assert np.array_equal(paths[0].removal_order, paths[1].removal_order)
    assert not paths[0].table()["accuracy"].equals(paths[1].table()["accuracy"])


def test_criteria_stays_callable_after_its_room_was_imported() -> None:
    import leastloss.criteria.registry as registry

    assert ll.criteria() == registry.criteria()
