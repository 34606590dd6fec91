import copy
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from leastloss.criteria import MILS, ScoringContext, as_criterion
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.information import (
    STRATEGIES,
    bdm,
    block_entropy,
    covered,
    encode,
    information_loss,
    removal_cost,
)
from leastloss.models import BinarizedMLP
from leastloss.models.layers import prunable_layers
from leastloss.pruning import Parts, apply_masks, prune
from leastloss.seeds import stream

OPTIONS = list(itertools.product(("bdm", "entropy"), ("polarity", "sign"),
                                 ("periodic", "ignore", "recursive")))  # fmt: skip


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return BinarizedMLP(9, (7,), 5, generator=torch.Generator().manual_seed(0)).eval()


def _complexity(model: nn.Module, masks: dict[str, torch.Tensor], criterion: MILS) -> float:
    """By definition: the complexity of the planes of all layers, pooled as asked for."""
    planes = []
    for name, mask in masks.items():
        sign = np.where(prunable_layers(model)[name].weight.detach().numpy() >= 0, 1, -1)
        ternary = sign * mask.numpy()
        planes += [ternary == 1] + ([ternary == -1] if criterion.encoding == "polarity" else [])
    measure = bdm if criterion.complexity == "bdm" else block_entropy
    pools = {
        (True, False): [planes],
        (True, True): [planes[::2], planes[1::2]],
        (False, False): [planes[:2], planes[2:]],
        (False, True): [[plane] for plane in planes],
    }[criterion.pooled, criterion.by_sign]
    return sum(measure(pool, boundary=criterion.boundary) for pool in pools)


@pytest.mark.parametrize("granularity", ["weight", "unit"])
@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("by_sign", [True, False])
def test_blocks_are_counted_by_layer_and_by_sign(
    by_sign: bool, pooled: bool, granularity: str, model: nn.Module, data: Data
) -> None:
    criterion = MILS(pooled=pooled, by_sign=by_sign)
    parts = Parts.of(model, granularity)
    nothing = np.array([], dtype=int)
    context = _context(model, data, parts, nothing)
    flat = parts.flatten(criterion.score(context)) / 2**32  # the grid on which ties are found
    before = _complexity(context.model, context.masks, criterion)
    for part in range(len(parts)):
        after = _complexity(context.model, parts.masks(np.array([part])), criterion)
        assert flat[part] == pytest.approx(abs(before - after), abs=1e-9)
    if granularity == "weight":
        order = criterion.removal_order(context, 3)
        assert order is not None
        assert flat[order[0]] == flat.min()


def test_one_plane_has_no_signs_to_count_apart() -> None:
    with pytest.raises(InputError, match="by_sign needs two planes, and the encoding 'sign' has"):
        MILS(encoding="sign", by_sign=True)
    assert as_criterion("mils-bdm:by_sign=true").label == "mils-bdm:by_sign=true"


def _context(model: nn.Module, data: Data, parts: Parts, gone: np.ndarray) -> ScoringContext:
    model, masks = copy.deepcopy(model), parts.masks(gone)
    apply_masks(model, masks)
    return ScoringContext(
        model=model,
        masks=masks,
        train=data.train,
        granularity=parts.granularity,
        generator=stream(0, "scores"),
    )


@pytest.mark.parametrize("granularity", ["weight", "unit"])
@pytest.mark.parametrize(("complexity", "encoding", "boundary"), OPTIONS)
def test_scores_are_the_change_of_complexity_by_definition(
    complexity: str, encoding: str, boundary: str, granularity: str, model: nn.Module, data: Data
) -> None:
    criterion = MILS(complexity=complexity, encoding=encoding, boundary=boundary)
    parts = Parts.of(model, granularity)
    gone = np.array([2, 5] if granularity == "unit" else [0, 17, 40, 64])
    context = _context(model, data, parts, gone)
    flat = parts.flatten(criterion.score(context)) / 2**32  # the grid on which ties are found
    before = _complexity(context.model, context.masks, criterion)
    inside = np.ones(len(parts), dtype=bool)
    if granularity == "weight":
        shapes = [tuple(mask.shape) for mask in context.masks.values()]
        inside = np.concatenate([covered(shape, 4, boundary).ravel() for shape in shapes])
    for part in set(range(len(parts))) - set(gone.tolist()):
        after = _complexity(context.model, parts.masks(np.append(gone, part)), criterion)
        if inside[part]:
            assert flat[part] == pytest.approx(abs(before - after), abs=1e-9)
        else:
            assert after == before
            assert flat[part] > flat[inside].max()


@pytest.mark.parametrize(("complexity", "encoding", "boundary"), OPTIONS)
def test_the_sequential_order_is_greedy_by_definition(
    complexity: str, encoding: str, boundary: str, model: nn.Module, data: Data
) -> None:
    criterion = MILS(complexity=complexity, encoding=encoding, boundary=boundary)
    parts = Parts.of(model, "weight")
    gone = np.array([3, 50])
    order = criterion.removal_order(_context(model, data, parts, gone), 12)
    assert order is not None
    assert len(set(order.tolist()) | set(gone.tolist())) == 14
    for part in order:
        context = _context(model, data, parts, gone)
        flat = parts.flatten(criterion.score(context))
        alive = np.ones(len(parts), dtype=bool)
        alive[gone] = False
        assert flat[part] == flat[alive].min()
        gone = np.append(gone, part)


def test_under_sign_a_minus_costs_nothing_and_goes_first(model: nn.Module, data: Data) -> None:
    path = prune(model, _nine(data), MILS(encoding="sign"), to_sparsity=0.3, steps=1)
    layers = prunable_layers(model).values()
    latent = torch.cat([layer.weight.detach().flatten() for layer in layers]).numpy()
    assert (latent[path.removal_order] < 0).all()


def test_under_ignore_whole_classes_do_not_die_first(data: Data) -> None:
    # 10 x n: rows 8 and 9 lie in no 4 x 4 block, so their loss is 0 and naively they go first.
    model = BinarizedMLP(64, (16,), 10, generator=torch.Generator().manual_seed(1))
    path = prune(model, data, MILS(boundary="ignore"), to_sparsity=0.3, steps=1, progress=False)
    last = path.masks_at(0.3)["layers.3"]
    assert last[8:].all()


def _nine(data: Data) -> Data:
    def cut(split):  # type: ignore[no-untyped-def]  # a Split
        return split.__class__(split.x[:, :, 2:5, 2:5].contiguous(), split.y % 5, 5, (3, 4))

    return Data("nine", cut(data.train), cut(data.val), cut(data.test), {})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"complexity": "bmd"}, "unknown complexity 'bmd'; did you mean 'bdm'"),
        ({"encoding": "polar"}, "did you mean 'polarity'"),
        ({"boundary": "wrap"}, "unknown boundary 'wrap'"),
        ({"strategy": "least"}, "unknown strategy 'least'"),
        ({"block": 5}, "block is 5"),
    ],
)
def test_unknown_options_are_refused(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        MILS(**wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("boundary", ["ignore", "periodic"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_balanced_signs_take_turns_and_each_takes_its_best(
    strategy: str, boundary: str, data: Data
) -> None:
    """Against a driver that computes all losses again after every single removal."""
    start = torch.Generator().manual_seed(3)
    network = BinarizedMLP(data.features, (6, 6), data.classes, generator=start).eval()
    path = prune(
        network,
        data,
        MILS(strategy=strategy, boundary=boundary),
        to_sparsity=0.4,
        steps=2,
        schedule="sequential",
        recovery="none",
        balance="polarity",
        progress=False,
    )
    signs = [
        np.where(layer.weight.detach().numpy() >= 0, 1, -1)
        for layer in prunable_layers(network).values()
    ]
    inside = np.concatenate([covered(s.shape, 4, boundary).ravel() for s in signs])
    ternary = np.concatenate([sign.ravel() for sign in signs])
    ends, negative = np.cumsum([sign.size for sign in signs])[:-1], ternary < 0
    turn = int(negative.sum() > (~negative).sum())  # the sign with more left begins
    for part in path.removal_order:
        kept = np.split(ternary, ends)
        matrices = [s.reshape(o.shape) for s, o in zip(kept, signs, strict=True)]
        planes = [plane for matrix in matrices for plane in encode(matrix)]
        losses = information_loss(planes, boundary=boundary)
        loss = np.concatenate([np.nan_to_num(each).ravel() for each in losses])
        both = [piece.reshape(2, -1).sum(axis=0) for piece in np.split(loss, 2 * ends)]
        cost = removal_cost(np.concatenate(both), strategy)
        free = (ternary != 0) & inside & (negative == bool(turn))
        if not free.any():  # the uncovered come last
            break
        assert free[part]
        assert cost[part] == cost[free].min()
        ternary[part], turn = 0, 1 - turn
