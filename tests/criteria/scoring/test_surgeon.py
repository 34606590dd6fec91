"""The surgeon's cost and order against removing a weight and fitting the rest of its row again."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.criteria.cases import CLASSES, NETWORKS, binary, context, mlp, residual, split
from torch import nn

import leastloss as ll
from leastloss.activations import Draws, input_second_moments, ridge_of
from leastloss.criteria import Criterion, ScoringContext
from leastloss.criteria.neural_collapse import NeuralCollapse
from leastloss.criteria.obs import OBS
from leastloss.criteria.scoring import surgeon
from leastloss.criteria.scoring.surgeon import surgeon_curvature
from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.models.layers import prunable_layers
from leastloss.pruning.recovery.compensate import Compensate
from leastloss.pruning.schedule import parts_at

FLOAT = [make for make in NETWORKS if make is not binary]
EXACT = [OBS(gamma=0.02), OBS(gamma=0.02, metric="logit"), NeuralCollapse(ridge=0.02)]


def thinned(case: ScoringContext, share: float = 0.3) -> ScoringContext:
    """With some weights gone."""
    generator = torch.Generator().manual_seed(0)
    layers = prunable_layers(case.model)
    for name, mask in case.masks.items():
        mask &= torch.rand(mask.shape, generator=generator) > share
        with torch.no_grad():
            layers[name].weight.mul_(mask)
    return case


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", [mlp, residual, binary])
def test_the_cost_is_what_the_fit_loses(make: type, balanced: bool) -> None:
    case = thinned(context(make()))
    gamma = 0.02
    found = surgeon_curvature(case, gamma=gamma, balanced=balanced)
    assert list(found) == list(case.masks)
    samples = Draws().draw(case.train, case.model, balanced=balanced)
    for name, layer in prunable_layers(case.model).items():
        mask = case.masks[name]
        bias = layer.bias is not None or name in samples.norms
        moments = dict(input_second_moments(case.model, {name: layer}, samples))[name]
        rows = mask.flatten(1)
        units = len(rows) // len(moments)  # of each group
        for unit, kept in enumerate(rows):
            group = moments[unit // units]
            full = torch.cat([kept, torch.tensor([True])]) if bias else kept
            s = (group + torch.diag(ridge_of(layer, group, gamma)))[full][:, full]
            costs = found[name].flatten(1)[unit]
            assert (costs[~kept] == 0).all()
            for place, a in enumerate(kept.nonzero()[:, 0].tolist()):
                # min over the others of (e_a + others)^T S (e_a + others): Schur's complement
                rest = [i for i in range(len(s)) if i != place]
                cross = s[place, rest]
                cost = s[place, place] - cross @ torch.linalg.solve(s[rest][:, rest], cross)
                assert float(costs[a]) == pytest.approx(float(cost), rel=1e-6)


def test_what_the_repair_has_read_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    case = thinned(context(mlp()))
    data = Data("made up", case.train, case.train, case.train, {})
    repair = Compensate(gamma=0.01).prepare(mlp(), data, 0, case.draws)
    surgeon_curvature(case, gamma=0.01, balanced=True)  # asks
    repair(case.model, case.masks)
    fresh = surgeon_curvature(replace(case, draws=Draws()), gamma=0.01, balanced=True)

    def refuse(model: nn.Module, lacking: dict[str, nn.Module], samples: object) -> list[object]:
        if lacking:
            raise TypeError(lacking)
        return []

    monkeypatch.setattr(surgeon, "input_second_moments", refuse)
    monkeypatch.setattr(surgeon, "inverse_diagonals", None)
    warm = surgeon_curvature(case, gamma=0.01, balanced=True)
    for name in warm:
        torch.testing.assert_close(warm[name], fresh[name])
    with pytest.raises(TypeError):  # another ridge
        surgeon_curvature(case, gamma=0.02, balanced=True)
    case.masks["layers.0"][0, 0] ^= True
    with pytest.raises(TypeError):  # another support
        surgeon_curvature(case, gamma=0.01, balanced=True)
    case.masks["layers.0"][0, 0] ^= True
    with torch.no_grad():
        case.model.layers[0].weight.mul_(0.5)
    with pytest.raises(TypeError):  # other inputs
        surgeon_curvature(case, gamma=0.01, balanced=True)


def test_moments_of_the_first_layer_are_remembered_and_change_nothing() -> None:
    case = context(mlp())
    dense = surgeon_curvature(case, gamma=0.01, balanced=True)
    later = thinned(replace(case, masks={n: m.clone() for n, m in case.masks.items()}))
    warm = surgeon_curvature(later, gamma=0.01, balanced=True)
    cold = surgeon_curvature(replace(later, draws=Draws()), gamma=0.01, balanced=True)
    assert all(torch.equal(warm[name], cold[name]) for name in warm)
    assert not torch.equal(warm["layers.0"], dense["layers.0"])  # another mask
    # Other options are other moments.
    other = surgeon_curvature(later, gamma=0.01, balanced=False)
    fresh = surgeon_curvature(replace(later, draws=Draws()), gamma=0.01, balanced=False)
    assert all(torch.equal(other[name], fresh[name]) for name in other)


def test_the_cache_does_not_outlive_what_the_layer_reads() -> None:
    # What comes before the layers of the masks may be repaired from step to step.
    case = context(mlp())
    named = replace(case, masks={n: case.masks[n] for n in ("layers.2", "layers.4")})
    surgeon_curvature(named, gamma=0.01, balanced=True)
    with torch.no_grad():
        case.model.layers[0].weight.mul_(0.5)
    warm = surgeon_curvature(named, gamma=0.01, balanced=True)
    cold = surgeon_curvature(replace(named, draws=Draws()), gamma=0.01, balanced=True)
    assert all(torch.equal(warm[name], cold[name]) for name in warm)


def test_statistics_of_an_input_norm_may_change() -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(32), nn.Linear(32, CLASSES)).double().eval()
    case = context(model)
    surgeon_curvature(case, gamma=0.01, balanced=True)
    model[1].running_var.mul_(4.0)
    warm = surgeon_curvature(case, gamma=0.01, balanced=True)
    cold = surgeon_curvature(replace(case, draws=Draws()), gamma=0.01, balanced=True)
    assert torch.equal(warm["2"], cold["2"])


def test_rows_without_weights_and_layers_that_never_fire() -> None:
    model = mlp()
    with torch.no_grad():
        model.layers[0].bias.fill_(-100.0)
    case = context(model)
    case.masks["layers.0"][1] = False
    found = surgeon_curvature(case, gamma=0.01, balanced=True)
    assert all(torch.isfinite(cost).all() for cost in found.values())
    assert (found["layers.0"][1] == 0).all()
    assert float(found["layers.2"].max()) < 1e-9


def test_more_inputs_than_samples() -> None:
    case = context(mlp(), train=split((1, 1, 1)))
    for cost in surgeon_curvature(case, gamma=1e-3, balanced=True).values():
        assert torch.isfinite(cost).all()
        assert (cost > 0).all()


def test_costs_name_bad_networks() -> None:
    class Overflow(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 1e200

    broken = mlp()
    broken.layers[1] = Overflow()
    with pytest.raises(InputError, match="inputs of a layer are not finite"):
        surgeon_curvature(context(broken), gamma=0.01, balanced=True)
    idle = mlp()
    idle.add_module("spare", nn.Linear(2, 2).double())
    with pytest.raises(InputError, match="layer 'spare' is called 0 times"):
        surgeon_curvature(context(idle), gamma=0.01, balanced=True)
    gap = Split(split().x, split().y.clamp(min=1), CLASSES, (2,))
    with pytest.raises(InputError, match="class 0 has no training sample"):
        surgeon_curvature(context(mlp(), train=gap), gamma=0.01, balanced=True)


def test_the_same_bits_again() -> None:
    one, two = (surgeon_curvature(context(residual()), gamma=0.01, balanced=True) for _ in "ab")
    assert all(np.array_equal(one[name], two[name]) for name in one)


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


def test_the_order_names_bad_networks() -> None:
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
