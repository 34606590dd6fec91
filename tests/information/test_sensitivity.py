"""How far complexity and order depend on the order of hidden units."""

import numpy as np
import pytest
from scipy.stats import rankdata

from leastloss.errors import InputError
from leastloss.information import BOUNDARIES, bdm, block_entropy, encode, permutation_sensitivity
from leastloss.information.sensitivity import _correlation, _shuffle


def chain(seed=0, shapes=((12, 10), (8, 12), (6, 8))):
    generator = np.random.default_rng(seed)
    return [generator.choice([-1, 0, 1], shape) for shape in shapes]


@pytest.mark.parametrize("encoding", ["polarity", "sign"])
def test_a_shuffled_network_is_the_same_network(encoding):
    layers = chain()
    generator = np.random.default_rng(1)
    units = [generator.permutation(12), generator.permutation(8)]
    planes = [encode(layer, encoding) for layer in layers]
    shuffled, origin = _shuffle(planes, units)
    flat = np.concatenate([plane.ravel() for both in planes for plane in both])
    assert np.array_equal(np.concatenate([plane.ravel() for plane in shuffled]), flat[origin])
    assert np.array_equal(np.sort(origin), np.arange(flat.size))
    if encoding == "polarity":
        whole = [a.astype(int) - b for a, b in zip(shuffled[::2], shuffled[1::2], strict=True)]
        x = generator.normal(size=10)
        outputs = []
        for each in (layers, whole):
            hidden = np.maximum(each[1] @ np.maximum(each[0] @ x, 0), 0)
            outputs.append(each[2] @ hidden)
        assert np.allclose(*outputs)


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
def test_what_is_reported(boundary):
    layers = chain()
    planes = [plane for layer in layers for plane in encode(layer)]
    found = permutation_sensitivity(layers, boundary=boundary, permutations=4)
    assert found.given == pytest.approx(bdm(planes, boundary=boundary), abs=1e-9)
    assert found.complexities.shape == found.correlations.shape == found.redrawn.shape == (4,)
    assert found.mean == found.complexities.mean()
    assert found.std == found.complexities.std(ddof=1) > 0
    assert -1 < found.mean_correlation < found.redrawn.mean() <= 1
    assert found.std_correlation > 0
    again = permutation_sensitivity(layers, boundary=boundary, permutations=4)
    assert np.array_equal(found.correlations, again.correlations)
    other = permutation_sensitivity(layers, boundary=boundary, permutations=4, seed=1)
    assert not np.array_equal(found.complexities, other.complexities)


def test_equal_units_leave_nothing_to_permute():
    layers = [np.tile([1, -1, 1, 1, -1], (8, 1)), np.ones((4, 8), int)]
    found = permutation_sensitivity(layers, complexity="entropy", permutations=3)
    planes = [plane for layer in layers for plane in encode(layer)]
    expected = block_entropy(planes, boundary="periodic")
    assert found.complexities == pytest.approx(np.full(3, expected), abs=1e-12)
    assert found.std == pytest.approx(0, abs=1e-12)


def test_correlation_by_hand():
    order = np.array([7, 2, 5, 4])
    assert _correlation(order, order) == pytest.approx(1)
    assert _correlation(order, order[::-1]) == pytest.approx(-1)
    # Places 0, 1, 2, 3 against 1, 0, 2, 3: 1 - 6 (1 + 1) / (4 (16 - 1)).
    assert _correlation(order, np.array([2, 7, 5, 4])) == pytest.approx(0.8)
    generator = np.random.default_rng(0)
    a, b = generator.permutation(50), generator.permutation(50)
    expected = np.corrcoef(rankdata(a.argsort()), rankdata(b.argsort()))[0, 1]
    assert _correlation(a, b) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("layers", "options", "message"),
    [
        ([np.ones((4, 4))], {}, "between two layers"),
        ([], {}, "between two layers"),
        ([np.ones((4, 4)), np.ones((4, 5))], {}, "layer 0 of shape"),
        ([np.ones((4, 4)), np.ones(4)], {}, "layer 0 of shape"),
        ([np.zeros((4, 4)), np.eye(4)[:1]], {}, "1 weight"),
        ([np.ones((4, 4)), np.full((4, 4), 0.5)], {}, "something else than"),
        ([np.ones((4, 4)), np.ones((4, 4))], {"permutations": 1}, "at least 2"),
        ([np.ones((4, 4)), np.ones((4, 4))], {"seed": -1}, "seed is -1"),
        ([np.ones((4, 4)), np.ones((4, 4))], {"encoding": "plane"}, "unknown encoding"),
        ([np.ones((4, 4)), np.ones((4, 4))], {"complexity": "bmd"}, "did you mean 'bdm'"),
    ],
)
def test_bad_requests(layers, options, message):
    with pytest.raises(InputError, match=message):
        permutation_sensitivity(layers, **options)
