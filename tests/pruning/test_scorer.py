"""Exact orders do not depend on where the path is measured."""

import numpy as np
import pytest
from torch import nn

from leastloss.criteria import MILS, Criterion, Magnitude, Random
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import Finetune, prune


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
