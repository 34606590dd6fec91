import pytest
import torch

from leastloss.errors import InputError
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
