import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leastloss.data.splitting import allocate, draw, hold_out, replicate_subset
from leastloss.errors import InputError
from leastloss.seeds import stream

counts_lists = st.lists(st.integers(0, 60), min_size=2, max_size=12).filter(lambda c: sum(c) >= 5)
label_lists = st.lists(st.integers(0, 4), min_size=20, max_size=200).map(np.array)
quick = settings(deadline=None, max_examples=60)


@quick
@given(counts_lists, st.data())
def test_allocation_is_exact_and_within_one_of_proportional(counts, data):
    counts = np.array(counts)
    total = data.draw(st.integers(0, int(counts.sum())))
    take = allocate(counts, total)
    assert take.sum() == total
    assert (take <= counts).all()
    assert (np.abs(take - counts * total / counts.sum()) < 1).all()


def test_equal_remainders_go_to_the_lower_label():
    assert allocate(np.array([5, 5, 5]), 7).tolist() == [3, 2, 2]


@quick
@given(label_lists, st.data())
def test_a_draw_takes_exactly_what_is_asked_of_each_class(labels, data):
    counts = np.bincount(labels, minlength=5)
    take = np.array([data.draw(st.integers(0, int(n))) for n in counts])
    drawn = draw(labels, take, stream(0, "test"))
    assert np.bincount(labels[drawn], minlength=5).tolist() == take.tolist()
    assert (np.diff(drawn) > 0).all()


def test_every_sample_is_drawn_equally_often():
    labels = np.repeat([0, 1], [10, 20])
    hits = np.zeros(30)
    for seed in range(2000):
        hits[draw(labels, np.array([3, 5]), stream(seed, "test"))] += 1
    expected = np.repeat([0.3, 0.25], [10, 20])
    assert (np.abs(hits / 2000 - expected) < 5 * np.sqrt(0.25 / 2000)).all()


@quick
@given(label_lists, st.floats(0.1, 0.6), st.integers(0, 9))
def test_holding_out_is_disjoint_complete_stratified_and_repeatable(labels, share, seed):
    rest, held = hold_out(labels, 5, share, seed, "split/test")
    assert sorted([*rest, *held]) == list(range(len(labels)))
    counts, left = (np.bincount(part, minlength=5) for part in (labels, labels[rest]))
    assert (left[counts > 0] >= 1).all()
    several = counts > 1
    exact = counts * round(share * len(labels)) / len(labels)
    assert (np.abs(counts - left - exact)[several] < 1 + 1e-9).all()
    again = hold_out(labels, 5, share, seed, "split/test")
    assert (again[0] == rest).all()
    assert (again[1] == held).all()


def test_too_few_samples_to_hold_any_out():
    with pytest.raises(InputError, match="2 samples are too few"):
        hold_out(np.array([0, 1]), 2, 0.2, 0, "split/test")


@quick
@given(st.floats(0.3, 0.99), st.integers(0, 5), st.integers(0, 3))
def test_a_replicate_is_a_stratified_subset_of_exact_size(share, replicate, seed):
    labels = np.repeat(np.arange(4), [40, 30, 20, 10])
    kept = replicate_subset(labels, 4, share, replicate, seed)
    assert len(kept) == len(set(kept.tolist())) == round(share * 100)
    assert (
        np.abs(np.bincount(labels[kept]) - np.array([40, 30, 20, 10]) * len(kept) / 100) < 1
    ).all()
    assert (kept == replicate_subset(labels, 4, share, replicate, seed)).all()


def test_replicates_differ_from_each_other():
    labels = np.arange(200) % 10
    drawn = {tuple(replicate_subset(labels, 10, 0.5, replicate, 0)) for replicate in range(20)}
    assert len(drawn) == 20


def test_the_whole_is_the_whole():
    assert replicate_subset(np.array([0, 1, 1]), 2, 1.0, 0, 7).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("share", "replicate", "words"),
    [
        (0, 0, r"subset is 0; it must be a number in \(0, 1\]"),
        (1.01, 0, "subset is 1.01"),
        (float("nan"), 0, "subset is nan"),
        (True, 0, "subset is True"),
        ("0.5", 0, "subset is '0.5'"),
        (0.5, -1, "replicate is -1; it must be an integer >= 0"),
        (0.5, 1.5, "replicate is 1.5"),
        (1.0, 2, "replicate is 2 but subset is 1"),
        (0.04, 0, "would leave class 0 .of 10 samples. empty"),
    ],
)
def test_subsets_that_cannot_be(share, replicate, words):
    labels = np.repeat([0, 1], [10, 200])
    with pytest.raises(InputError, match=words):
        replicate_subset(labels, 2, share, replicate, 0)


@quick
@given(label_lists, st.integers(1, 6), st.integers(0, 3))
def test_groups_stay_whole_and_every_class_with_two_gives_one(labels, number, seed):
    groups = np.random.default_rng(seed).integers(0, number, len(labels))
    tracks = {label: {*groups[labels == label].tolist()} for label in range(5)}
    if all(len(of_class) < 2 for of_class in tracks.values()):
        with pytest.raises(InputError, match="no class has two groups"):
            hold_out(labels, 5, 0.2, seed, "test", groups)
        return
    rest, held = hold_out(labels, 5, 0.2, seed, "test", groups)
    assert sorted([*rest, *held]) == list(range(len(labels)))
    for label, of_class in tracks.items():
        sides = [{*groups[side][labels[side] == label].tolist()} for side in (rest, held)]
        assert not sides[0] & sides[1]
        assert bool(sides[1]) == (len(of_class) > 1)
        assert bool(sides[0]) == bool(of_class)
