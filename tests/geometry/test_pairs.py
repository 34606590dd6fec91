"""Distances and angles of pairs of classes against computing them again."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leastloss.errors import InputError
from leastloss.geometry import ClassStatistics, class_statistics, cosine_rise, restricted
from leastloss.geometry.pairs import pair_contrasts, pair_distances, worst_pair_loss

GENERATOR = torch.Generator().manual_seed(0)
MEANS = torch.rand(4, 3, generator=GENERATOR, dtype=torch.float64)
ROOT = torch.rand(3, 3, generator=GENERATOR, dtype=torch.float64)
INVERSE = ROOT @ ROOT.T + torch.eye(3, dtype=torch.float64)
PAIRS = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_distances_equal_those_of_each_pair() -> None:
    expected = [float((MEANS[a] - MEANS[b]) @ INVERSE @ (MEANS[a] - MEANS[b])) for a, b in PAIRS]
    assert pair_distances(MEANS, INVERSE @ MEANS.T).tolist() == pytest.approx(expected)


def test_the_worst_pair_loses_what_deletion_takes_from_it() -> None:
    directions, distances = INVERSE @ MEANS.T, pair_distances(MEANS, INVERSE @ MEANS.T)
    losses = worst_pair_loss(directions, INVERSE.diagonal(), distances, torch.tensor(0.0))
    scatter = torch.linalg.inv(INVERSE)
    for j in range(3):
        kept = [i for i in range(3) if i != j]
        inverse = torch.linalg.inv(scatter[kept][:, kept])
        shares = []
        for (a, b), whole in zip(PAIRS, distances.tolist(), strict=True):
            difference = (MEANS[a] - MEANS[b])[kept]
            shares.append(1 - float(difference @ inverse @ difference) / whole)
        assert float(losses[j]) == pytest.approx(max(shares))


def test_pairs_that_are_lost_already_count_nothing() -> None:
    directions, distances = INVERSE @ MEANS.T, pair_distances(MEANS, INVERSE @ MEANS.T)
    floor = distances.max()
    assert not worst_pair_loss(directions, INVERSE.diagonal(), distances, floor).any()


def test_one_class_has_no_pairs() -> None:
    with pytest.raises(InputError, match="there is 1, and 2 are needed"):
        pair_contrasts(torch.zeros(1, 3))


def statistics(seed: int, d: int = 6, classes: int = 4) -> ClassStatistics:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(20) % classes
    return class_statistics(
        torch.randn(20, d, dtype=torch.float64, generator=generator) + labels[:, None], labels
    )


def cosines(found: ClassStatistics) -> np.ndarray:
    means = found.centred_means().numpy()
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit @ unit.T


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), chosen=st.sampled_from([None, (1, 3), (0, 2, 3), (2,)]))
def test_rise_equals_computing_the_cosines_again(seed: int, chosen: tuple[int, ...] | None) -> None:
    found = statistics(seed)
    labels = range(4) if chosen is None else chosen
    pairs = list(combinations(labels, 2)) or [(2, c) for c in range(4) if c != 2]
    expected = []
    for j in range(6):
        left = restricted(found, torch.tensor([i for i in range(6) if i != j]))
        rise = cosines(left) - cosines(found)
        expected.append(max(rise[a, b] for a, b in pairs))
    np.testing.assert_allclose(cosine_rise(found, chosen), expected, atol=1e-12)


def test_a_feature_that_keeps_a_pair_apart_has_the_largest_rise() -> None:
    # Classes 2 and 3 differ in feature 2 alone, the others in features 0 and 1.
    means = torch.tensor([[5.0, 0, 0], [0, 5, 0], [-5, -5, 2], [-5, -5, -2]])
    rise = cosine_rise(class_statistics(means, torch.arange(4)), [2, 3])
    assert rise.argmax() == 2
    assert rise[2] > 0.1


def test_means_without_direction() -> None:
    # Feature 1 alone holds class 1 off the mean; class 2 is the mean of all and has no direction.
    means = torch.tensor([[1.0, -1], [0, 2], [0, 0], [-1, -1]])
    found = class_statistics(means, torch.arange(4))
    assert torch.isfinite(cosine_rise(found)).all()
    gaps = found.centred_means()
    before = float(torch.cosine_similarity(gaps[0], gaps[1], dim=0))
    assert float(cosine_rise(found, [0, 1])[1]) == pytest.approx(1 - before)
    assert cosine_rise(found, [0, 2]).tolist() == [0.0, 0.0]
    dead = class_statistics(torch.tensor([[1.0, 3.0], [2.0, 3.0]]), torch.arange(2))
    assert cosine_rise(dead)[1] == 0


def test_bad_classes_of_angles_are_named() -> None:
    found = statistics(0)
    with pytest.raises(InputError, match=r"classes is \[7\]; it must name some of \[0, 1, 2, 3\]"):
        cosine_rise(found, [7])
    with pytest.raises(InputError, match=r"classes is \[\]"):
        cosine_rise(found, [])
    with pytest.raises(InputError, match="there is 1, and 2 are needed"):
        cosine_rise(class_statistics(torch.eye(2), torch.tensor([0, 0])))
