"""Where steps lie, and what happens between two that are measured."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models.layers import Masks
from leastloss.pruning import SPACINGS, Recovery, Repair, prune, sparsity
from leastloss.pruning.schedule import targets, within


@given(
    st.integers(2, 5000), st.floats(0.01, 0.99), st.integers(1, 40), st.sampled_from(list(SPACINGS))
)
def test_steps_increase_and_end_where_they_should(
    parts: int, share: float, steps: int, spacing: str
) -> None:
    try:
        cuts = targets(parts, share, steps, spacing)
    except InputError:  # so few parts that none would go, or none stay
        assert round(parts * share) in (0, parts) or parts * share % 1 == 0.5
        return
    assert (np.diff([0, *cuts]) > 0).all()
    assert cuts[-1] == int(np.floor(parts * share + 0.5))
    assert len(cuts) <= steps
    rounds = within(cuts, parts, 3, spacing)
    assert [step[-1] for step in rounds] == cuts.tolist()
    assert (np.diff([0, *np.concatenate(rounds)]) > 0).all()


def test_geometric_steps_keep_the_same_share() -> None:
    cuts = targets(10**6, 0.995, 30, "geometric")
    kept = (10**6 - np.array([0, *cuts])) / 10**6
    assert kept[1:] / kept[:-1] == pytest.approx(0.005 ** (1 / 30), rel=1e-3)


@dataclass(frozen=True, kw_only=True)
class Spy(Recovery):
    """Notes the sparsity it is handed."""

    seen: list[float] = field(default_factory=list)

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        def repair(model: nn.Module, masks: Masks) -> None:
            self.seen.append(round(sparsity(masks), 3))

        return repair


def test_substeps_are_repaired_but_not_measured(networks: dict[str, nn.Module], data: Data) -> None:
    spy = Spy()
    path = prune(
        networks["mlp"],
        data,
        "magnitude",
        sparsities=[0.4, 0.8],
        substeps=2,
        recovery=spy,
        progress=False,
    )
    assert spy.seen == pytest.approx([0.2, 0.4, 0.6, 0.8], abs=2e-3)
    assert path.table()["sparsity"].tolist() == pytest.approx([0.0, 0.4, 0.8], abs=1e-3)
    assert (path.settings["substeps"], path.settings["spacing"]) == (2, "even")


@pytest.mark.parametrize("recovery", ["none", "recalibrate", "finetune:epochs=1"])
def test_measured_steps_are_those_of_a_path_that_measures_all(
    recovery: str, networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks["binarized-mlp"]
    options: dict[str, Any] = {"recovery": recovery, "seed": 1, "progress": False}
    few = prune(model, data, "random", sparsities=[0.25, 0.5], substeps=2, **options)
    many = prune(model, data, "random", sparsities=[0.125, 0.25, 0.375, 0.5], **options)
    columns = ["sparsity", "accuracy", "loss", "val_loss", "nc1"]
    assert few.table()[columns].equals(many.table()[columns].iloc[::2].reset_index(drop=True))
    assert np.array_equal(few.removal_order, many.removal_order)
    same = few.model_at(0.25)(data.test.x) == many.model_at(0.25)(data.test.x)
    assert bool(same.all())


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"spacing": "log"}, "unknown spacing 'log'"),
        ({"substeps": 0}, "substeps is 0"),
        ({"substeps": 1.5}, "substeps is 1.5"),
        ({"steps": 0}, "steps is 0"),
        ({"steps": 10**9}, r"steps is .* in \[1, 1000000\]"),
        ({"substeps": 10**9}, r"substeps is .* in \[1, 1000000\]"),
    ],
)
def test_wrong_steps_are_refused(
    options: dict[str, Any], line: str, networks: dict[str, nn.Module], data: Data
) -> None:
    with pytest.raises(InputError, match=line):
        prune(networks["mlp"], data, "magnitude", **options, progress=False)
