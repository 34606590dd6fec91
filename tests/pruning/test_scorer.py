"""Exact orders do not depend on where the path is measured."""

import numpy as np
import pytest
from tests.pruning.cases import DATA, OPTIONS, LastFirst, kept, network
from torch import nn

import leastloss as ll
from leastloss.criteria import CRITERIA, MILS, Criterion, Magnitude, Random
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import (
    Finetune,
    Parts,
    prune,
    shuffled,
)
from leastloss.pruning.scorer import Scorer


@pytest.mark.parametrize(
    "criterion",
    [MILS(), MILS(complexity="entropy", ties="together"), MILS(batch=50), Random(), Magnitude()],
    ids=lambda criterion: criterion.label,
)
@pytest.mark.parametrize("granularity", ["weight", "unit"])
@pytest.mark.parametrize("recovery", ["none", "recalibrate"])
def test_an_exact_order_is_made_once(
    criterion: Criterion,
    granularity: str,
    recovery: str,
    data: Data,
    networks: dict[str, nn.Module],
) -> None:
    orders = [
        prune(
            networks["binarized-mlp"],
            data,
            criterion,
            granularity=granularity,
            sparsities=sparsities,
            schedule="sequential",
            recovery=recovery,
            progress=False,
        ).removal_order
        for sparsities in ([0.6], [0.1, 0.37, 0.6])
    ]
    assert np.array_equal(*orders)


def test_weights_that_move_are_ordered_anew(data: Data, networks: dict[str, nn.Module]) -> None:
    first, second = (
        prune(
            networks["binarized-mlp"],
            data,
            "magnitude",
            sparsities=sparsities,
            schedule="sequential",
            recovery=Finetune(epochs=1),
            progress=False,
        ).removal_order
        for sparsities in ([0.6], [0.1, 0.6])
    )
    assert not np.array_equal(first, second)


def test_options_that_a_schedule_ignores_are_refused(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    with pytest.raises(InputError, match="sets ties and batch, which the schedule 'one-shot'"):
        MILS(ties="index", batch=3).check_schedule("one-shot")
    with pytest.raises(InputError, match="'mils-bdm:ties=index' sets ties"):
        prune(networks["binarized-mlp"], data, MILS(ties="index"), progress=False)


def test_balance_needs_signs_that_stay(data: Data, networks: dict[str, nn.Module]) -> None:
    with pytest.raises(InputError, match=r"needs signs that stay; .* as 'finetune' does"):
        prune(networks["mlp"], data, "random", balance="polarity", recovery="finetune")


def test_each_scoring_draws_on(networks: dict[str, nn.Module], data: Data) -> None:
    parts = Parts.of(networks["mlp"], "weight")
    scorer = Scorer(CRITERIA["random"](), parts, data, seed=0)
    first = scorer.choose(networks["mlp"], np.zeros(0, dtype=np.int64), 5).order
    second = scorer.choose(networks["mlp"], first, 5).order
    assert not set(first.tolist()) & set(second.tolist())


@pytest.mark.parametrize("balance", ["none", "polarity"])
@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
@pytest.mark.parametrize("exact", [False, True])
def test_one_weight_of_each_layer_stays(exact: bool, schedule: str, balance: str) -> None:
    given = OPTIONS | {"schedule": schedule, "balance": balance}
    criterion = LastFirst(exact=exact)
    path = ll.prune(network(), DATA, criterion, sparsities=[0.4, 0.6, 0.8], **given)
    assert kept(path, 0.8) == [9, 1]
    assert path.table()["removed"].tolist() == [0, 20, 30, 40]
    assert not any("no weight left" in remark for remark in path.remarks)
    free = ll.prune(
        network(), DATA, criterion, sparsities=[0.4, 0.6, 0.8], empty_layers=True, **given
    )
    assert kept(free, 0.8) == [10, 0]
    assert any(remark.startswith("layer '2' has no weight left") for remark in free.remarks)
    if balance == "none":
        assert "layer '2' has no weight left from sparsity 0.4 on" in free.remarks


@pytest.mark.parametrize("recovery", ["none", "compensate"])
@pytest.mark.parametrize("schedule", ["one-shot", "iterative", "sequential"])
@pytest.mark.parametrize("criterion", ["magnitude", "random", "obs", "lamp", "mils-entropy", "nc"])
def test_every_criterion_goes_as_far_as_there_is_room(
    criterion: str, schedule: str, recovery: str
) -> None:
    given = OPTIONS | {"schedule": schedule, "recovery": recovery}
    path = ll.prune(network(), DATA, criterion, sparsities=[0.5, 0.96], **given)
    assert kept(path, 0.96) == [1, 1]
    assert kept(shuffled(path, DATA), 0.96) == [1, 1]
