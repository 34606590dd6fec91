"""What holds for all geometric scores of hidden units."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.unit_cases import CLASSES, FEATURES, context, mlp, split
from torch import Tensor, nn

import leastloss as ll
from leastloss.criteria import CRITERIA, ClassAngles, FisherRatio, NC1Change, PartialFisher
from leastloss.criteria.scoring.unit_statistics import alive_units, unit_statistics
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.geometry import (
    ClassStatistics,
    Separation,
    class_statistics,
    cosine_rise,
    fisher_ratio,
    nc1_change,
    within_class_variability,
)
from leastloss.models import BinarizedMLP
from leastloss.models.layers import prunable_layers

GEOMETRIC = ("fisher-ratio", "nc1-change", "partial-fisher", "class-angles")


UNITS = (*GEOMETRIC, "margin")


def binary() -> BinarizedMLP:
    model = BinarizedMLP(FEATURES, (8, 6), CLASSES, generator=torch.Generator().manual_seed(0))
    model(split().x)  # gives BatchNorm statistics
    return model


def relative_nc1(found: ClassStatistics) -> Tensor:
    return nc1_change(found) / within_class_variability(found)


CASES: list[tuple[ll.Criterion, Callable[[ClassStatistics], Tensor], dict[str, float]]] = [
    (FisherRatio(gamma=0.1), lambda s: fisher_ratio(s, 0.1), {}),
    (FisherRatio(balanced=False), fisher_ratio, {"balanced": False}),
    (NC1Change(), relative_nc1, {}),
    (NC1Change(shrinkage=4.0), relative_nc1, {"shrinkage": 4.0}),
    (PartialFisher(), lambda s: Separation(s).losses(), {}),
    (PartialFisher(protect=0.5, shrinkage=2.0), lambda s: Separation(s, protect=0.5).losses(),
     {"shrinkage": 2.0}),
    (ClassAngles(), cosine_rise, {}),
    (ClassAngles(pairs="minority", balanced=False), lambda s: cosine_rise(s, [1, 2]),
     {"balanced": False}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "ends"), [(mlp, (2, 4)), (binary, (3, 6))])
@pytest.mark.parametrize(("criterion", "score", "options"), CASES)
def test_scores_are_the_geometry_of_what_the_next_layer_reads(
    criterion: ll.Criterion,
    score: Callable[[ClassStatistics], Tensor],
    options: dict[str, float],
    make: Callable[[], nn.Module],
    ends: tuple[int, int],
) -> None:
    case = context(make())
    x = 2 * case.train.x - 1 if isinstance(case.model, BinarizedMLP) else case.train.x
    scores = criterion.score(case)
    assert [len(values) for values in scores.values()] == [8, 6]
    for values, end in zip(scores.values(), ends, strict=True):
        features = case.model.layers[:end](x).detach()
        found = class_statistics(features, case.train.y, **options)  # type: ignore[arg-type]
        expected = score(found).numpy()
        finite = np.isfinite(expected)
        np.testing.assert_allclose(values[finite], expected[finite], rtol=1e-6, atol=1e-9)
        assert np.isfinite(values).all()


@pytest.mark.parametrize("name", UNITS)
def test_pruned_units_take_no_part(name: str) -> None:
    whole, narrow = mlp(), mlp(hidden=(6, 6))
    case = context(whole)
    kept = [0, 2, 3, 5, 6, 7]
    case.masks["layers.0"][[1, 4]] = False
    case.masks["layers.2"][:, [1, 4]] = False
    layers, fewer = prunable_layers(whole), prunable_layers(narrow)
    with torch.no_grad():
        layers["layers.0"].bias[[1, 4]] = 5.0  # a removed unit may fire
        layers["layers.2"].weight[:, [1, 4]] = 0.0
        fewer["layers.0"].weight.copy_(layers["layers.0"].weight[kept])
        fewer["layers.0"].bias.copy_(layers["layers.0"].bias[kept])
        fewer["layers.2"].weight.copy_(layers["layers.2"].weight[:, kept])
        for entry in ("weight", "bias"):
            getattr(fewer["layers.4"], entry).copy_(getattr(layers["layers.4"], entry))
    scores = CRITERIA[name]().score(case)
    expected = CRITERIA[name]().score(context(narrow))
    assert np.flatnonzero(np.isnan(scores["layers.0"])).tolist() == [1, 4]
    np.testing.assert_allclose(scores["layers.0"][kept], expected["layers.0"], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(scores["layers.2"], expected["layers.2"], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", UNITS)
def test_a_layer_without_units_is_all_nan(name: str) -> None:
    case = context(mlp())
    case.masks["layers.0"][:] = False
    scores = CRITERIA[name]().score(case)
    assert np.isnan(scores["layers.0"]).all()
    assert np.isfinite(scores["layers.2"]).all()


@pytest.mark.parametrize("name", GEOMETRIC)
def test_the_order_scores_again_after_every_removal(name: str) -> None:
    case = context(mlp())
    order = CRITERIA[name]().removal_order(case, 14)
    assert order is not None
    assert sorted(order.tolist()) == list(range(14))
    # The first to go has the lowest score; with it gone, so has the second.
    alive = alive_units(case)
    for unit in order[:3].tolist():
        layer, row = ("layers.0", unit) if unit < 8 else ("layers.2", unit - 8)
        found = unit_statistics(case, alive)
        values = {
            n: CRITERIA[name]().shrinking(s, case).losses().numpy()  # type: ignore[attr-defined]
            for (n, _), s in found.items()
        }
        place = int(np.flatnonzero(np.flatnonzero(alive[layer]) == row)[0])
        assert values[layer][place] == min(v.min() for v in values.values())
        alive[layer][row] = False


@pytest.mark.parametrize("name", UNITS)
def test_poor_data_have_finite_scores(name: str) -> None:
    model = mlp(hidden=(40, 2))  # more units than samples, and fewer than classes
    with torch.no_grad():
        model.layers[0].bias[0] = -100.0  # never fires
        model.layers[0].weight[1] = 0.0
        model.layers[0].bias[1] = 1.0  # always fires alike
    single = Split(split().x[[0, 13, 20]], torch.arange(3), CLASSES, (2,))
    for data in (split(), single):
        scores = CRITERIA[name]().score(context(model, data))
        assert all(np.isfinite(values).all() for values in scores.values())
        assert scores["layers.0"][0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", UNITS)
def test_bad_networks_and_data_are_named(name: str) -> None:
    missing = Split(torch.rand(2, FEATURES), torch.tensor([0, 2]), CLASSES, (2,))
    with pytest.raises(InputError, match="class 1"):
        CRITERIA[name]().score(context(mlp(), missing))
    endless = split()
    endless.x[3, 0] = torch.nan
    with pytest.raises(InputError, match="not finite"):
        CRITERIA[name]().score(context(mlp(), endless))
    with pytest.raises(InputError, match="no hidden layer"):
        CRITERIA[name]().score(context(nn.Linear(FEATURES, CLASSES)))


@pytest.mark.parametrize("name", UNITS)
def test_the_network_is_left_as_it_was(name: str) -> None:
    case = context(binary())
    case.model.train()
    state = {key: value.clone() for key, value in case.model.state_dict().items()}
    CRITERIA[name]().score(case)
    assert all(module.training for module in case.model.modules())
    assert all(torch.equal(value, state[key]) for key, value in case.model.state_dict().items())
    assert all(parameter.grad is None for parameter in case.model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in case.model.modules())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("fisher-ratio:gamma=0", "gamma is 0"),
        ("partial-fisher:gamma=-1", "gamma is -1"),
        ("partial-fisher:protect=2", "protect is 2"),
        ("partial-fisher:rise=-1", "rise is -1"),
        ("nc1-change:shrinkage=-1", "shrinkage is -1"),
        ("margin:gamma=nan", "gamma is 'nan'"),
        ("class-angles:pairs=rare", "unknown pairs"),
    ],
)
def test_bad_options_are_named(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ll.criteria.as_criterion(spec)
