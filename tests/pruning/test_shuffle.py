"""Masks with the counts of another path and none of its choices."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models.layers import prunable_layers
from leastloss.pruning import shuffled
from leastloss.pruning.recovery.finetune import Finetune
from leastloss.pruning.shuffle import shuffle_within

CASES = [
    ("binarized-mlp", "weight", {"balance": "polarity", "recovery": "recalibrate"}),
    ("binarized-mlp", "unit", {}),
    ("mlp", "weight", {"substeps": 2, "spacing": "geometric", "noise": ["gaussian:2"]}),
    ("mlp", "weight", {"recovery": "none", "layers": ["layers.0", "layers.2"]}),
    ("convnet", "unit", {"recovery": "none"}),
]


@given(
    group=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_counts_stay_and_nothing_goes_twice(group: list[int], share: float, seed: int) -> None:
    generator, groups = np.random.default_rng(seed), np.array(group)
    gone = np.flatnonzero(generator.random(len(groups)) < share)
    found = shuffle_within(gone, groups, generator)
    assert len(set(found)) == len(found) == len(gone)
    assert np.array_equal(np.bincount(groups[found]), np.bincount(groups[gone]))


def test_every_part_is_drawn_equally_often() -> None:
    group, generator = np.array([1, 0, 0, 1, 1, 1]), np.random.default_rng(0)
    counts = np.zeros(6)
    for _ in range(2000):
        counts[shuffle_within(np.array([1, 3]), group, generator)] += 1
    assert counts / 2000 == pytest.approx([0.25, 0.5, 0.5, 0.25, 0.25, 0.25], abs=0.05)


@pytest.mark.parametrize(("kind", "granularity", "options"), CASES)
def test_each_step_has_the_layers_counts_of_the_path(
    kind: str,
    granularity: str,
    options: dict[str, object],
    networks: dict[str, nn.Module],
    data: Data,
) -> None:
    dense = networks[kind]
    common = {"granularity": granularity, "sparsities": [0.3, 0.6], "progress": False}
    path = ll.prune(dense, data, "magnitude", seed=4, **common, **options)  # type: ignore[arg-type]
    found = shuffled(path, data)
    assert found.settings["criterion"] == "shuffled@magnitude"
    mine, theirs = found.table(), path.table()
    assert list(mine.columns) == list(theirs.columns)
    layers = [name for name in mine if name.startswith("sparsity_layer_")]
    if granularity == "weight":
        assert mine[["removed", *layers]].equals(theirs[["removed", *layers]])
    else:  # the weights between two layers depend on which units went, their units do not
        assert mine["removed"].equals(theirs["removed"])
    assert (
        mine.drop(columns=["score_seconds", "repair_seconds"])
        .iloc[0]
        .equals(theirs.drop(columns=["score_seconds", "repair_seconds"]).iloc[0])
    )
    group = path.parts.layer_of
    sparsities = mine["sparsity"].tolist()[1:]
    for share in sparsities:
        count = round(share * len(path.parts))
        one, two = found.removed_parts(count), path.removed_parts(count)
        assert np.array_equal(np.bincount(group[one]), np.bincount(group[two]))
        assert set(one) != set(two)
        accuracy = ll.evaluate(found.model_at(share), data.test)["accuracy"]
        assert accuracy == pytest.approx(mine["accuracy"][mine["sparsity"] == share].item())
    first, last = (set(found.removed_parts(round(share * len(path.parts)))) for share in sparsities)
    assert not first <= last  # drawn anew
    if options.get("balance"):
        signs = np.concatenate(
            [(layer.weight < 0).flatten().numpy() for layer in prunable_layers(dense).values()]
        )
        count = round(sparsities[0] * len(path.parts))
        assert signs[found.removed_parts(count)].sum() == signs[path.removed_parts(count)].sum()
    again = shuffled(path, data).table()
    assert again.drop(columns=["score_seconds", "repair_seconds"]).equals(
        mine.drop(columns=["score_seconds", "repair_seconds"])
    )


def test_a_weight_that_comes_back_has_its_dense_value_and_others_go_on(
    networks: dict[str, nn.Module], data: Data
) -> None:
    dense = networks["mlp"]
    recovery = Finetune(epochs=1)
    path = ll.prune(dense, data, "random", sparsities=[0.4, 0.5], recovery=recovery, progress=False)
    plain = shuffled(path, data, "none")
    for step in plain.steps[1:]:
        share = step.removed / len(path.parts)
        masks = plain.masks_at(share)
        for name, layer in prunable_layers(plain.model_at(share)).items():
            assert torch.equal(layer.weight, prunable_layers(dense)[name].weight * masks[name])
    tuned = shuffled(path, data, recovery)
    assert tuned.steps[2].metrics["accuracy"] > plain.steps[2].metrics["accuracy"]


def test_there_is_nothing_between_the_steps(networks: dict[str, nn.Module], data: Data) -> None:
    path = ll.prune(networks["binarized-mlp"], data, "random", sparsities=[0.5], progress=False)
    found = shuffled(path, data)
    with pytest.raises(InputError, match=r"at its steps alone: 0, 0\.5"):
        found.model_at(0.25)
