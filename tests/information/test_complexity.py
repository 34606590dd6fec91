"""BDM and block entropy: against pybdm, against the definition, and in cases known by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import COMPLEXITIES, bdm, block_entropy


@pytest.mark.parametrize("block", [2, 3, 4])
@pytest.mark.parametrize("boundary", ["ignore", "recursive", "overlapping"])
@pytest.mark.parametrize("shape", [(16, 16), (13, 10), (7, 27), (4, 6)])
def test_equals_pybdm(pybdm, block, boundary, shape):
    partition = {
        "ignore": pybdm.PartitionIgnore,
        "recursive": pybdm.PartitionRecursive,
        "overlapping": pybdm.PartitionCorrelated,
    }[boundary]
    model = pybdm.BDM(ndim=2, shape=(block, block), partition=partition)
    for density in (0.0, 0.1, 0.5, 1.0):
        matrix = (np.random.default_rng(block).random(shape) < density).astype(int)
        assert bdm(matrix, block=block, boundary=boundary) == pytest.approx(
            model.bdm(matrix), abs=1e-9
        )
        assert block_entropy(matrix, block=block, boundary=boundary) == pytest.approx(
            model.ent(matrix), abs=1e-9
        )


@given(case=reference.cases())
@reference.examples(60)
def test_equals_the_definition(case):
    matrices, options = case
    pools = options["pooled"]
    for name, function in (("bdm", bdm), ("entropy", block_entropy)):
        expected = reference.complexity(
            matrices, name, options["block"], options["boundary"], pools
        )
        assert function(matrices, **options) == pytest.approx(expected, abs=1e-9)


@given(case=reference.cases(), name=st.sampled_from(list(COMPLEXITIES)))
@reference.examples(30)
def test_the_quick_reference_equals_the_definition(case, name):
    matrices, options = case
    sets = [[], [0], list(range(0, matrices[0].size, 3))]
    cut = (name, options["block"], options["boundary"], options["pooled"])
    expected = [reference.complexity(reference.cleared(matrices, s), *cut) for s in sets]
    assert reference.complexities(matrices, sets, *cut) == pytest.approx(expected, abs=1e-9)


def test_periodic_equals_ignore_where_blocks_fit():
    matrix = np.random.default_rng(0).integers(0, 2, (16, 24))
    assert bdm(matrix, boundary="periodic") == bdm(matrix)


def test_pooling_shares_the_blocks():
    matrix = np.random.default_rng(0).integers(0, 2, (8, 8))
    distinct = len(set(reference.block_list(matrix, 4, "ignore")))
    assert bdm([matrix, matrix]) == pytest.approx(bdm(matrix) + distinct)
    assert bdm([matrix, matrix], pooled=False) == pytest.approx(2 * bdm(matrix))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block": 5}, "2, 3 or 4"),
        ({"block": True}, "block is True; it must be an integer"),
        ({"block": "4"}, "block is '4'; it must be an integer"),
        ({"boundary": None}, "boundary is None; it must be a text"),
        ({"boundary": "perodic"}, "did you mean 'periodic'"),
        ({"pooled": [0, 1]}, "1 integer label"),
        ({"pooled": "yes"}, "True or False or a list of integers"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        block_entropy(np.zeros((8, 8)), **options)
