"""Scores of units that several layers make or read."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from tests.models.attention_cases import ATTENTION, attention_case
from tests.models.coupled_cases import coupled_case
from torch import nn

from leastloss.criteria import CRITERIA, Criterion, ScoringContext, as_criterion
from leastloss.criteria.scoring.sign_planes import planes_of
from leastloss.criteria.scoring.unit_statistics import sorted_by_unit, unit_statistics
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.information import bdm
from leastloss.models import Units
from leastloss.models.traced_units import traced_units
from leastloss.models.units import CoupledLayers
from leastloss.pruning import Parts, apply_masks

NAMES = sorted(set(CRITERIA) - {"flips"})  # which is for binary layers
KINDS = ("option-b", "mobile", "grouped", "concatenated", "squeeze", "rotary", "unbound")


def case_of(kind: str, removed: tuple[int, ...] = ()) -> tuple[ScoringContext, Parts]:
    model, x = (attention_case if kind in ATTENTION else coupled_case)(kind)
    parts = Parts.of(model, "unit", None, x[:2])
    masks = parts.masks(np.array(removed, dtype=np.int64))
    apply_masks(model, masks)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        x = torch.rand(30, *x.shape[1:])
    case = ScoringContext(
        model=model,
        masks=masks,
        train=Split(x, torch.arange(30) % 3, 3, (2,)),
        granularity="unit",
        generator=np.random.default_rng(0),
        coupled=parts.units,
    )
    return case, parts


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "kind", ["option-b", "mobile", "grouped", "concatenated", "squeeze", "rotary", "unbound"]
)
def test_every_criterion_scores_every_unit(name: str, kind: str) -> None:
    case, parts = case_of(kind, removed=(1,))
    criterion = as_criterion(name)
    scores = parts.flatten(criterion.score(case))
    assert np.isfinite(np.delete(scores, 1)).all()
    order = criterion.removal_order(case, 3)
    if order is not None:
        assert len(set(order.tolist()) - {1}) == 3


def test_scores_of_weights_are_taken_over_all_that_enter() -> None:
    case, parts = case_of("option-b")
    layers = {name: layer.weight for name, layer in named_layers(case.model)}
    first, other = layers["conv1"].detach(), layers["layer1.0.conv2"].detach()
    norms = (first.flatten(1).square().sum(1) + other.flatten(1).square().sum(1)).sqrt()
    found = as_criterion("magnitude").score(case)["conv1"]
    np.testing.assert_allclose(found, norms.numpy(), rtol=1e-5)
    alone = as_criterion("wanda").weigh(case)  # type: ignore[attr-defined]
    sums = alone["conv1"].flatten(1).sum(1) + alone["layer1.0.conv2"].flatten(1).sum(1)
    np.testing.assert_allclose(as_criterion("wanda").score(case)["conv1"], sums.numpy())
    assert list(parts.units["conv1"].rows) == ["conv1", "layer1.0.conv2"]


def test_a_head_is_worth_what_its_channels_are_on_average() -> None:
    values = torch.arange(24.0).reshape(1, 4, 6)  # four tokens, two heads of three channels
    heads = sorted_by_unit(values, torch.arange(6).reshape(2, 3))
    assert heads.mean(dim=2).tolist() == [[10.0, 13.0]]


def named_layers(model: nn.Module) -> Iterator[tuple[str, nn.Conv2d | nn.Linear]]:
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            yield name, module


def only(units: Units, name: str, reader: str) -> Units:
    """The units as if one layer alone read those of ``name``."""
    own = units[name]
    return units | {name: CoupledLayers(own.rows, {reader: own.columns[reader]}, own.norms)}


@pytest.mark.parametrize("name", ["partial-fisher", "class-angles", "nc", "structured-obs"])
def test_scores_of_classes_add_up_over_the_layers_that_read(name: str) -> None:
    case, parts = case_of("concatenated")
    criterion: Criterion = as_criterion(name)
    whole = criterion.score(case)["first"]
    apart = [
        criterion.score(with_units(case, only(parts.units, "first", reader)))["first"]
        for reader in ("second", "third")
    ]
    np.testing.assert_allclose(whole, apart[0] + apart[1])
    assert criterion.removal_order(case, 2) is None  # what is added has no exact order


def with_units(case: ScoringContext, units: Units) -> ScoringContext:
    return ScoringContext(**(vars(case) | {"coupled": units}))


def test_statistics_are_those_of_the_own_channels() -> None:
    case, parts = case_of("concatenated")
    read = unit_statistics(case, {name: np.ones(len(u), bool) for name, u in parts.units.items()})
    assert set(read) == {
        ("first", "second"),
        ("first", "third"),
        ("second", "third"),
        ("third", "head"),
    }
    x = case.train.x
    with torch.no_grad():
        first = case.model.first(x).relu()  # type: ignore[operator]
        both = torch.cat([first, case.model.second(first).relu()], 1)  # type: ignore[operator]
        norm = case.model.norm(both).mean((2, 3))  # type: ignore[operator]
    means = torch.stack([norm[case.train.y == label].mean(0) for label in range(3)]).mean(0)
    torch.testing.assert_close(read["second", "third"].mean.float(), means[4:])
    torch.testing.assert_close(read["first", "third"].mean.float(), means[:4])


def test_information_is_lost_with_all_cells_of_a_unit() -> None:
    case, parts = case_of("mobile")
    scores = as_criterion("mils-bdm").score(case)
    # Scores are losses of complexity in a unit of their own.
    lost = [bits_of(case, parts, ()) - bits_of(case, parts, (unit,)) for unit in (2, 3)]
    assert scores["0"][2] / scores["0"][3] == pytest.approx(abs(lost[0] / lost[1]), rel=1e-6)


def bits_of(case: ScoringContext, parts: Parts, removed: tuple[int, ...]) -> float:
    masks = parts.masks(np.array(removed, dtype=np.int64))
    pruned = ScoringContext(**(vars(case) | {"masks": masks}))
    planes = planes_of(pruned, "polarity", pooled=True, by_sign=False, hidden_order=0)
    return bdm(planes.matrices, block=4, boundary="periodic")


def test_inputs_in_any_order_and_number() -> None:
    values = torch.arange(24.0).reshape(1, 6, 2, 2)
    twos = sorted_by_unit(values, torch.tensor([[5, 0], [1, 2]]))
    assert twos[0, 0].tolist() == [20, 21, 22, 23, 0, 1, 2, 3]
    assert torch.equal(sorted_by_unit(values, torch.arange(6)[:, None]), values.flatten(2))
    sequence = torch.arange(12.0).reshape(1, 3, 4)  # positions come first
    assert sorted_by_unit(sequence, torch.tensor([[3], [0]]))[0].tolist() == [[3, 7, 11], [0, 4, 8]]


def test_a_chain_is_all_that_is_known_without_samples() -> None:
    model, x = coupled_case("option-b")
    case = ScoringContext(
        model=model,
        masks={},
        train=Split(x, torch.arange(6) % 3, 3, (2,)),
        granularity="unit",
        generator=np.random.default_rng(0),
    )
    with pytest.raises(InputError, match="units can be pruned in a plain chain"):
        as_criterion("random").score(case)
    assert next(iter(traced_units(model, x)[0])) == "conv1"
