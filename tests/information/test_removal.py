"""Information losses against complexities recomputed from the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import (
    BOUNDARIES,
    COMPLEXITIES,
    covered,
    information_loss,
    removal_cost,
    set_information_loss,
    unit_cells,
)
from leastloss.information.complexity import count_blocks
from leastloss.information.removal import cell_losses, items_of


@given(case=reference.cases(), name=st.sampled_from(list(COMPLEXITIES)))
@reference.examples(100)
def test_every_loss_equals_recomputation(case, name):
    matrices, options = case
    block, boundary, pools = options["block"], options["boundary"], options["pooled"]
    losses = information_loss(matrices, complexity=name, **options)
    flat = np.concatenate([loss.ravel() for loss in losses])
    ones = np.concatenate([matrix.ravel() for matrix in matrices])
    assert np.array_equal(np.isnan(flat), ones == 0)
    cells = np.flatnonzero(ones)[::3]
    sets = [[], *cells[:, None]]
    before, *after = reference.complexities(matrices, sets, name, block, boundary, pools)
    assert flat[cells] == pytest.approx(before - np.array(after), abs=1e-9)


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("block", [2, 3, 4])
def test_blocks_known_by_their_codes_give_what_listed_ones_give(block, boundary):
    generator = np.random.default_rng(block)
    shapes = ((37, 50), (24, 36), (6, 31), (48, 25))
    matrices = [(generator.random(shape) < 0.6).astype(np.uint8) for shape in shapes]
    options = {"block": block, "boundary": boundary, "pooled": [1, 0, 1, 2]}
    by_code, listed = (count_blocks(matrices, **options, listed=each) for each in (False, True))
    assert np.array_equal(by_code.counts, listed.counts)
    assert np.array_equal(by_code.sizes, listed.sizes)
    for name in COMPLEXITIES:
        assert by_code.complexity(name) == listed.complexity(name)
        expected = cell_losses(listed, listed.terms(name))
        losses = cell_losses(by_code, by_code.terms(name, moves=16))
        assert np.array_equal(losses, expected, equal_nan=True)


@given(case=reference.cases(), name=st.sampled_from(list(COMPLEXITIES)), seed=st.integers(0, 2**32))
@reference.examples(60)
def test_loss_of_sets_equals_recomputation(case, name, seed):
    matrices, options = case
    block, boundary, pools = options["block"], options["boundary"], options["pooled"]
    generator = np.random.default_rng(seed)
    cells = sum(matrix.size for matrix in matrices)
    sets = [generator.integers(0, cells, generator.integers(0, 12)) for _ in range(3)]
    losses = set_information_loss(matrices, sets, complexity=name, **options)
    before = reference.complexity(matrices, name, block, boundary, pools)
    for loss, chosen in zip(losses, sets, strict=True):
        without = reference.cleared(matrices, list(chosen))
        after = reference.complexity(without, name, block, boundary, pools)
        assert loss == pytest.approx(before - after, abs=1e-9)


@pytest.mark.parametrize("metric", ["bdm", "ent"])
def test_equals_pybdm_perturbation(pybdm, metric):
    matrix = np.random.default_rng(2).integers(0, 2, (20, 24))
    model = pybdm.BDM(ndim=2)
    experiment = pybdm.PerturbationExperiment(model, matrix.copy(), metric=metric)
    cells = np.argwhere(matrix)
    name = {"bdm": "bdm", "ent": "entropy"}[metric]
    ours = information_loss(matrix, complexity=name)[tuple(cells.T)]
    assert np.allclose(ours, -experiment.run(cells), atol=1e-9)  # pybdm: after minus before


def test_uncovered_cells_lose_nothing():
    matrix = np.ones((10, 8), dtype=bool)
    loss = information_loss(matrix)
    assert (loss[~covered((10, 8))] == 0).all()
    assert (information_loss(matrix, boundary="periodic") != 0).all()


def test_one_matrix_gives_an_array_and_a_list_gives_a_list():
    matrix = np.eye(8, dtype=np.uint8)
    single = information_loss(matrix)
    assert isinstance(single, np.ndarray)
    (listed,) = information_loss([matrix])
    assert np.array_equal(single, listed, equal_nan=True)
    transposed = information_loss(np.asfortranarray(matrix[::-1]))
    assert np.array_equal(transposed, information_loss(matrix[::-1].copy()), equal_nan=True)


def test_inputs_are_left_alone():
    matrix = np.random.default_rng(0).integers(0, 2, (9, 9)).astype(bool)
    copy = matrix.copy()
    information_loss(matrix, boundary="periodic")
    set_information_loss(matrix, [[0, 1]], boundary="overlapping")
    assert np.array_equal(matrix, copy)


def test_bad_requests():
    matrix = np.eye(8)
    with pytest.raises(InputError, match="unknown complexity 'bmd'; did you mean 'bdm'"):
        information_loss(matrix, complexity="bmd")
    with pytest.raises(InputError, match="set 1 holds a cell that does not exist"):
        set_information_loss(matrix, [[0], [64]])
    with pytest.raises(InputError, match="set 0 holds a cell that does not exist"):
        set_information_loss(matrix, [[-1]])
    with pytest.raises(InputError, match="they must agree"):
        unit_cells([(2, 3), (2, 3)], [0], [1])
    with pytest.raises(InputError, match="must number some of the 2 matrices"):
        unit_cells([(2, 3), (3, 2)], [0], [2])
    with pytest.raises(InputError, match="did you mean 'min_absolute'"):
        removal_cost([1.0], "min_absolut")


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
def test_clearing_the_bits_of_a_cell_is_clearing_the_cell(boundary: str) -> None:
    matrix = np.random.default_rng(1).integers(0, 2, (7, 9), dtype=np.uint8)
    blocks = count_blocks(matrix, boundary=boundary)
    ones = np.flatnonzero(matrix)
    items = items_of(blocks, np.arange(len(ones) + 1), ones)
    for i, cell in enumerate(ones):
        symbols = blocks.symbols.copy()
        for k in range(items.start[i], items.start[i + 1]):
            symbols[items.block[k]] &= ~items.mask[k]
        cleared = matrix.copy()
        cleared.ravel()[cell] = 0
        assert np.array_equal(symbols, count_blocks(cleared, boundary=boundary).symbols)
