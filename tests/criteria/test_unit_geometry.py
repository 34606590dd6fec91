"""Scores by a layer's class statistics against NumPy, unit by unit."""

import numpy as np
import pytest
import torch
from tests.criteria import unit_cases
from tests.criteria.cases import context, mlp, split
from torch import nn

from leastloss.criteria import CRITERIA, ClassAngles, FisherRatio, NC1Change
from leastloss.data import Split
from leastloss.errors import InputError


def activations(model: nn.Module, x: torch.Tensor) -> np.ndarray:
    """What the first hidden layer hands on."""
    seen: list[torch.Tensor] = []
    relu = next(module for module in model.modules() if isinstance(module, nn.ReLU))
    handle = relu.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.inference_mode():
        model(x)
    handle.remove()
    return seen[0].numpy()


@pytest.mark.parametrize("balanced", [True, False])
def test_the_fisher_ratio_is_between_over_within_class_variance(balanced: bool) -> None:
    case = context(mlp(), "unit")
    h, y = activations(case.model, case.train.x.double()), case.train.y.numpy()
    counts = np.bincount(y)
    weight = np.full(3, 1 / 3) if balanced else counts / counts.sum()
    means = np.array([h[y == k].mean(axis=0) for k in range(3)])
    within = weight @ np.array([h[y == k].var(axis=0) for k in range(3)])
    between = weight @ (means - weight @ means) ** 2
    scores = FisherRatio(gamma=0.1, balanced=balanced).score(case)
    first = next(iter(scores.values()))
    np.testing.assert_allclose(first, between / (within + 0.1 * within.mean()))


def test_the_fisher_ratio_scores_units_only_and_refuses_options_out_of_range() -> None:
    assert CRITERIA["fisher-ratio"]().units_only
    for options in ({"gamma": 0.0}, {"shrinkage": -1.0}):
        with pytest.raises(InputError):
            FisherRatio(**options)


def cosines(means: np.ndarray) -> np.ndarray:
    centred = means - means.mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return unit @ unit.T


@pytest.mark.parametrize(("pairs", "chosen"), [("all", (0, 1, 2)), ("minority", (2,))])
def test_the_largest_rise_of_a_cosine_when_the_unit_goes(
    pairs: str, chosen: tuple[int, ...]
) -> None:
    case = context(mlp(), "unit")
    h, y = activations(case.model, case.train.x.double()), case.train.y.numpy()
    means = np.array([h[y == k].mean(axis=0) for k in range(3)])
    index = [(i, j) for i in range(3) for j in range(3) if i != j and i in chosen]
    before = cosines(means)
    expected = []
    for unit in range(h.shape[1]):
        after = cosines(np.delete(means, unit, axis=1))
        expected.append(max(after[i, j] - before[i, j] for i, j in index))
    scores = ClassAngles(pairs=pairs).score(case)
    np.testing.assert_allclose(next(iter(scores.values())), expected, atol=1e-9)


def test_unknown_pairs_and_a_missing_minority_are_refused() -> None:
    with pytest.raises(InputError, match="unknown pairs 'rare'"):
        ClassAngles(pairs="rare")
    train = split()
    even = Split(train.x, train.y, train.classes, ())
    with pytest.raises(InputError, match="classes is"):
        ClassAngles(pairs="minority").score(context(mlp(), "unit", train=even))


def test_single_weights_are_refused() -> None:
    with pytest.raises(InputError, match="scores hidden units, not single weights"):
        ClassAngles().score(context(mlp()))
    assert torch.is_grad_enabled()


def test_units_that_alone_carry_a_direction_come_after_all_others() -> None:
    scores = NC1Change().score(unit_cases.context(unit_cases.mlp(hidden=(8, 1))))
    assert scores["layers.2"].min() > scores["layers.0"].max()
