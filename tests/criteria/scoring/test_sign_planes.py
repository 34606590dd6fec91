"""What MILS sees, in which order of the hidden units, and that all of it comes back in place."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from leastloss.criteria import MILS, Granularity, ScoringContext
from leastloss.criteria.scoring.sign_planes import losses_of, losses_on, planes_of
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import BinarizedMLP
from leastloss.models.layers import prunable_layers
from leastloss.pruning import Parts, apply_masks, prune
from leastloss.seeds import stream


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return BinarizedMLP(9, (7, 6), 5, generator=torch.Generator().manual_seed(0)).eval()


def _context(
    model: nn.Module, data: Data, granularity: Granularity = "weight", **more: Any
) -> tuple[ScoringContext, Parts]:
    parts = Parts.of(model, granularity)
    gone = np.array([2, 9] if granularity == "unit" else [0, 17, 40, 64, 100])
    model, masks = copy.deepcopy(model), parts.masks(gone)
    apply_masks(model, masks)
    generator = stream(0, "scores")
    return ScoringContext(
        model=model, masks=masks, train=data.train, granularity=granularity, generator=generator,
        **more,
    ), parts  # fmt: skip


def _permuted(context: ScoringContext, number: int) -> tuple[ScoringContext, list[np.ndarray]]:
    """The same network with its hidden units in the n-th order."""
    planes = planes_of(context, "polarity", pooled=True, by_sign=False, hidden_order=number)
    orders = [planes.units[name] for name in list(planes.units)[:-1]]
    model, masks = copy.deepcopy(context.model), {}
    rows = [*orders, np.arange(5)]
    columns = [np.arange(9), *orders]
    for (name, layer), row, column in zip(
        prunable_layers(model).items(), rows, columns, strict=True
    ):
        with torch.no_grad():
            layer.weight.copy_(layer.weight[row][:, column])
        masks[name] = context.masks[name][row][:, column]
    apply_masks(model, masks)
    return ScoringContext(**(vars(context) | {"model": model, "masks": masks})), orders


@pytest.mark.parametrize("encoding", ["polarity", "sign"])
@pytest.mark.parametrize("boundary", ["periodic", "ignore"])
def test_hidden_order_is_the_network_with_its_units_in_that_order(
    boundary: str, encoding: str, model: nn.Module, data: Data
) -> None:
    options: dict[str, Any] = {"boundary": boundary, "encoding": encoding}
    plain, shuffled = MILS(**options), MILS(**options, hidden_order=3)
    context, _ = _context(model, data)
    other, (first, second) = _permuted(context, 3)
    found, expected = shuffled.score(context), plain.score(other)
    one, two, last = context.masks
    assert np.array_equal(found[one][first], expected[one])
    assert np.array_equal(found[two][second][:, first], expected[two])
    assert np.array_equal(found[last][:, second], expected[last])
    assert not np.array_equal(found[two], plain.score(context)[two])
    context, _ = _context(model, data, "unit")
    other, (first, second) = _permuted(context, 3)
    found, expected = shuffled.score(context), plain.score(other)
    assert np.array_equal(found[one][first], expected[one])
    assert np.array_equal(found[two][second], expected[two])


@pytest.mark.parametrize("granularity", ["weight", "unit"])
@pytest.mark.parametrize("encoding", ["polarity", "sign"])
@pytest.mark.parametrize("number", [0, 2])
def test_exact_orders_take_the_lowest_score_and_never_the_last_unit(
    number: int, encoding: str, granularity: Granularity, model: nn.Module, data: Data
) -> None:
    criterion = MILS(encoding=encoding, hidden_order=number, boundary="ignore")
    context, parts = _context(model, data, granularity)
    alive = np.concatenate(
        [context.masks[n].flatten() if granularity == "weight" else context.masks[n].any(dim=1)
         for n in parts.sizes]
    )  # fmt: skip
    k = 9 if granularity == "unit" else 12
    order = criterion.removal_order(context, k)
    assert order is not None
    for part in order:
        flat = parts.flatten(criterion.score(context))
        left = np.bincount(parts.layer_of[alive])
        free = alive if granularity == "weight" else alive & (left[parts.layer_of] > 1)
        assert free[part]
        assert flat[part] == flat[free].min()
        alive[part] = False
        masks = parts.masks(np.flatnonzero(~alive))
        apply_masks(context.model, masks)
        context = ScoringContext(**(vars(context) | {"masks": masks}))
    if granularity == "unit":
        assert np.bincount(parts.layer_of[alive]).tolist() == [1, 1]


def test_balanced_orders_take_turns(model: nn.Module, data: Data) -> None:
    context, _ = _context(model, data, balance=True)
    order = MILS(boundary="ignore").removal_order(context, 40)
    assert order is not None
    latent = torch.cat([m.weight.detach().flatten() for m in prunable_layers(model).values()])
    signs = (latent.numpy() < 0)[order]
    assert (signs[::2] != signs[1::2]).all()
    assert len(set(order.tolist())) == 40
    assert MILS(encoding="sign").removal_order(context, 40) is None


def test_balance_holds_where_no_block_covers(model: nn.Module, data: Data) -> None:
    path = prune(
        model, _cut(data), MILS(boundary="ignore"), schedule="sequential", balance="polarity",
        to_sparsity=0.9, steps=3, progress=False,
    )  # fmt: skip
    latent = torch.cat([m.weight.detach().flatten() for m in prunable_layers(model).values()])
    signs = (latent.numpy() < 0).astype(int)
    left = np.bincount(signs)
    for start, end in zip([0, 41, 82], [41, 82, 122], strict=True):
        gone = np.bincount(signs[path.removal_order[start:end]], minlength=2)
        if end - start <= 2 * left.min():
            assert abs(gone[0] - gone[1]) <= 1
        left -= gone


def _cut(data: Data) -> Data:
    def nine(split):  # type: ignore[no-untyped-def]  # a Split
        return split.__class__(split.x[:, :, 2:5, 2:5].contiguous(), split.y % 5, 5, (3, 4))

    return Data("nine", nine(data.train), nine(data.val), nine(data.test), {})


def test_uncovered_weights_are_told_and_go_last_or_first(model: nn.Module, data: Data) -> None:
    context, parts = _context(model, data)
    last, included = MILS(boundary="ignore"), MILS(boundary="ignore", uncovered="include")
    # 7 x 9, 6 x 7 and 5 x 6 hold 4 x 8, 4 x 4 and 4 x 4 in whole blocks.
    assert last.facts(context) == {"uncovered_weights": 63 - 32 + 42 - 16 + 30 - 16}
    assert MILS().facts(context) == {"uncovered_weights": 0}
    after, before = (parts.flatten(c.score(context)) for c in (last, included))
    outside = after == np.finfo(np.float64).max
    assert outside.sum() == 71
    assert (before[outside] == 0).all()
    assert np.array_equal(after[~outside], before[~outside])
    order = included.removal_order(context, 60)
    assert order is not None
    assert outside[order].sum() > 40


@pytest.mark.parametrize("complexity", ["bdm", "entropy"])
def test_another_device_gives_the_same_losses(
    complexity: str, model: nn.Module, data: Data
) -> None:
    planes = planes_of(
        _context(model, data)[0], "polarity", pooled=False, by_sign=False, hidden_order=0
    )
    options: dict[str, Any] = {"complexity": complexity, "block": 4, "boundary": "periodic"}
    cpu = torch.device("cpu")
    for one, two in zip(losses_of(planes, cpu, **options), losses_on(cpu, planes, **options),
                        strict=True):  # fmt: skip
        np.testing.assert_allclose(one, two, atol=1e-9)


def test_hidden_order_needs_a_chain(data: Data) -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(InputError, match="hidden_order needs hidden units in a chain"):
        prune(flat, data, MILS(hidden_order=1), progress=False)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"uncovered": "exclude"}, "unknown treatment of uncovered weights 'exclude'"),
        ({"ties": "draw"}, "unknown treatment of ties 'draw'"),
        ({"hidden_order": -1}, "hidden_order is -1"),
        ({"batch": 0}, "batch is 0"),
        ({"batch": 2, "ties": "together"}, "exclude each other"),
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        MILS(**wrong)
