"""The surgeon's order of a network's weights, and paths that follow it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.criteria.cases import NETWORKS, binary, context, mlp, residual
from tests.criteria.scoring.test_curvature import thinned
from torch import nn

import leastloss as ll
from leastloss.activations import Draws, input_second_moments, ridge_of
from leastloss.criteria import Criterion, ScoringContext
from leastloss.criteria.neural_collapse import NeuralCollapse
from leastloss.criteria.obs import OBS
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models.layers import prunable_layers
from leastloss.pruning.schedule import parts_at

FLOAT = [make for make in NETWORKS if make is not binary]
EXACT = [OBS(gamma=0.02), OBS(gamma=0.02, metric="logit"), NeuralCollapse(ridge=0.02)]


def flat(criterion: Criterion, case: ScoringContext) -> np.ndarray:
    return np.concatenate([score.ravel() for score in criterion.score(case).values()])


def refitted(case: ScoringContext, gone: int, moments: dict[str, torch.Tensor]) -> ScoringContext:
    """The context without one more weight, whose row is fitted again to what it computed."""
    layers = prunable_layers(case.model)
    masks = {name: mask.clone() for name, mask in case.masks.items()}
    for name, mask in masks.items():
        if gone >= mask.numel():
            gone -= mask.numel()
            continue
        layer, rows = layers[name], mask.flatten(1)
        row, bias = gone // rows.shape[1], layer.bias is not None
        weights = layer.weight.detach().flatten(1)[row].double()
        group = moments[name][row // (len(rows) // len(moments[name]))]
        s = group + torch.diag(ridge_of(layer, group, 0.02))
        before = rows[row].clone()
        rows[row, gone % rows.shape[1]] = False
        kept = torch.cat([rows[row], rows.new_ones(1)]) if bias else rows[row]
        w = torch.cat([weights * before, layer.bias[row : row + 1]]) if bias else weights * before
        fit = torch.linalg.solve(s[kept][:, kept], (s @ w)[kept])
        with torch.no_grad():
            layer.weight.flatten(1)[row] = 0.0
            layer.weight.flatten(1)[row, rows[row]] = fit[: int(rows[row].sum())]
            if bias:
                layer.bias[row] = fit[-1]
        break
    return replace(case, masks=masks, draws=Draws())


@pytest.mark.parametrize("criterion", EXACT, ids=lambda criterion: criterion.label)
@pytest.mark.parametrize("make", FLOAT)
def test_the_first_to_go_is_the_one_of_lowest_score(make: type, criterion: Criterion) -> None:
    case = thinned(context(make()))
    order = criterion.removal_order(case, 1)
    assert order is not None
    scores = flat(criterion, case)  # where a unit moves nothing, several cost nothing
    assert scores[order[0]] == pytest.approx(np.nanmin(scores), rel=1e-9)


@pytest.mark.parametrize("make", FLOAT)
def test_each_prefix_is_that_of_scoring_again_after_fitting_the_row_again(make: type) -> None:
    # Moments of what layers read are held; one layer at a time, so that they are the same.
    whole = thinned(context(make()))
    for name in whole.masks:
        case = replace(whole, masks={name: whole.masks[name]}, draws=Draws())
        layer = prunable_layers(case.model)[name]
        samples = Draws().draw(case.train, case.model)
        moments = dict(input_second_moments(case.model, {name: layer}, samples))
        criterion = OBS(gamma=0.02)
        k = min(8, int(case.masks[name].sum()))
        order = criterion.removal_order(case, k)
        assert order is not None
        for part in order:
            scores = flat(criterion, case)
            assert scores[part] == pytest.approx(np.nanmin(scores), rel=1e-6)
            case = refitted(case, int(part), moments)


@pytest.mark.parametrize("criterion", [*EXACT, NeuralCollapse(protect=0.5)])
@pytest.mark.parametrize("make", FLOAT)
def test_exactly_k_of_what_is_left_and_the_same_again(make: type, criterion: Criterion) -> None:
    case = thinned(context(make()))
    alive = np.concatenate([mask.flatten().numpy() for mask in case.masks.values()])
    whole = criterion.removal_order(case, int(alive.sum()))
    assert whole is not None
    assert sorted(whole.tolist()) == np.flatnonzero(alive).tolist()
    again = replace(case, generator=np.random.default_rng(0))
    order = criterion.removal_order(again, 11)
    assert order is not None
    assert np.array_equal(order, whole[:11])


def test_where_there_is_no_order_of_weights() -> None:
    for criterion in (OBS(), NeuralCollapse(), NeuralCollapse(curvature="surgeon")):
        assert criterion.removal_order(context(binary()), 3) is None
        assert criterion.removal_order(replace(context(mlp()), balance=True), 3) is None
    assert NeuralCollapse(curvature="diagonal").removal_order(context(mlp()), 3) is None
    assert OBS().removal_order(context(mlp(), "unit"), 3) is None


def test_bad_networks_are_named() -> None:
    broken = mlp()
    with torch.no_grad():
        broken.layers[4].weight[0, 0] = torch.inf
    with pytest.raises(InputError, match="weights that are not finite"):
        OBS().removal_order(context(broken), 3)
    with pytest.raises(InputError, match="k is 1000"):
        OBS().removal_order(context(residual()), 1000)


@pytest.mark.parametrize("name", ["obs", "nc"])
@pytest.mark.parametrize("kind", ["mlp", "convnet"])
def test_a_path_follows_the_order(
    kind: str, name: str, networks: dict[str, nn.Module], data: Data
) -> None:
    shares = [0.5, 0.8, 0.9]
    paths = [
        ll.prune(
            networks[kind],
            data,
            name,
            sparsities=some,
            schedule=schedule,
            recovery="compensate",
            progress=False,
        )
        for some, schedule in (
            (shares, "sequential"),
            (shares, "sequential"),
            (shares[:1], "sequential"),
            (shares, "iterative"),
        )
    ]
    orders = [path.removal_order for path in paths]
    cuts = [parts_at(share, len(paths[0].parts)) for share in shares]
    assert [step.removed for step in paths[0].steps] == [0, *cuts]
    assert np.array_equal(orders[0], orders[1])
    assert np.array_equal(orders[0][: cuts[0]], orders[2])
    assert set(orders[0][: cuts[0]].tolist()) != set(orders[3][: cuts[0]].tolist())
