"""Class angles against the cosines of class means, unit by unit."""

import numpy as np
import pytest
import torch
from tests.criteria.cases import context, mlp, split
from tests.criteria.test_fisher_ratio import activations

from leastloss.criteria.class_angles import ClassAngles
from leastloss.data import Split
from leastloss.errors import InputError


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
