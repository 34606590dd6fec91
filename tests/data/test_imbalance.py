from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leastloss.data.imbalance import PROFILES, check_labels, class_targets, rarest
from leastloss.errors import InputError

quick = settings(deadline=None, max_examples=80)
counts_arrays = st.lists(st.integers(400, 900), min_size=2, max_size=12).map(np.array)


def test_exp_gives_the_known_counts_of_long_tailed_cifar10():
    # Cui et al. 2019 and LDAM: CIFAR-10 with ratio 100.
    targets = class_targets(np.full(10, 5000), "exp", ratio=100)
    assert targets.tolist() == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]


def test_step_gives_the_known_counts_of_cifar10():
    assert class_targets(np.full(10, 5000), "step", ratio=100).tolist() == [5000] * 5 + [50] * 5


def test_with_an_odd_number_of_classes_the_middle_one_stays_common():
    assert class_targets(np.full(5, 80), "step", ratio=4).tolist() == [80, 80, 80, 20, 20]


@quick
@given(st.integers(100, 10_000), st.integers(2, 12), st.integers(1, 100))
def test_exp_on_equal_classes_is_the_closed_form_to_the_last_image(n, classes, ratio):
    targets = class_targets(np.full(classes, n), "exp", ratio=ratio)
    assert targets[0] == n
    assert targets[-1] == n // ratio
    for c, target in enumerate(targets.tolist()):
        # target <= n ratio^(-c/(C-1)) < target + 1, in integers: both sides to the power C-1.
        power = Fraction(n ** (classes - 1), ratio**c)
        assert Fraction(target ** (classes - 1)) <= power < Fraction((target + 1) ** (classes - 1))


@quick
@given(counts_arrays, st.sampled_from(["exp", "step"]), st.floats(1, 100))
def test_the_shape_is_exact_whatever_the_counts(counts, profile, ratio):
    targets = class_targets(counts, profile, ratio=ratio)
    assert (targets <= counts).all()
    classes = len(counts)
    exponents = (
        np.arange(classes) / (classes - 1)
        if profile == "exp"
        else np.arange(classes) >= (classes + 1) // 2
    )
    n_max = min([counts.mean(), *(counts * ratio**exponents)])
    profile_counts = n_max * ratio ** -exponents.astype(float)
    assert (np.abs(profile_counts - 0.5 - targets) <= 0.5 + 1e-6).all()


def test_none_changes_nothing_and_the_argument_is_not_written_to():
    counts = np.array([7, 3, 9])
    targets = class_targets(counts, "none")
    targets[0] = 0
    assert counts.tolist() == [7, 3, 9]


@quick
@given(st.integers(1, 100), st.integers(1, 60))
def test_named_keeps_the_exact_share(percent, hundreds):
    counts = np.array([50, 100 * hundreds, 70])
    targets = class_targets(counts, "named", rare=[1], share=percent / 100)
    assert targets.tolist() == [50, percent * hundreds, 70]


@pytest.mark.parametrize(
    ("profile", "options", "words"),
    [
        ("exq", {}, "unknown imbalance profile 'exq'; did you mean 'exp'.* none, exp, step, named"),
        ("exp", {"ratio": 0.99}, "ratio is 0.99; it must be a finite number >= 1"),
        ("none", {"ratio": 0}, "ratio is 0"),
        ("step", {"ratio": float("inf")}, "ratio is inf"),
        ("step", {"ratio": float("nan")}, "ratio is nan"),
        ("exp", {"ratio": "5"}, "ratio is '5'"),
        ("exp", {"ratio": 101}, "ratio 101 would leave class 2 empty; .* about 100$"),
        ("step", {"ratio": 101}, "ratio 101 would leave class 2 empty; .* about 100$"),
        ("exp", {"rare": [1]}, "rare and share belong to imbalance='named'; imbalance is 'exp'"),
        ("none", {"share": 0.5}, "rare and share belong to imbalance='named'"),
        ("named", {}, "needs rare"),
        ("named", {"rare": [1]}, "needs rare"),
        ("named", {"share": 0.1}, "needs rare"),
        ("named", {"rare": [3], "share": 0.1}, r"a class in rare is 3; .* an integer in 0\.\.2"),
        ("named", {"rare": [-1], "share": 0.1}, r"a class in rare is -1; .* an integer in 0\.\.2"),
        ("named", {"rare": ["1"], "share": 0.1}, "a class in rare is '1'"),
        ("named", {"rare": [1, 1], "share": 0.1}, "at least one class, each once, and not all"),
        ("named", {"rare": [0, 1, 2], "share": 0.1}, "at least one class, each once, and not all"),
        ("named", {"rare": [1], "share": 0}, r"share is 0; it must be a number in \(0, 1\]"),
        ("named", {"rare": [1], "share": 1.5}, "share is 1.5"),
        (
            "named",
            {"rare": [1], "share": 0.009},
            "share 0.009 would leave class 1 .of 100 images. empty",
        ),
    ],
)
def test_profiles_that_cannot_be(profile, options, words):
    with pytest.raises(InputError, match=words) as caught:
        class_targets(np.full(3, 100), profile, **options)
    assert "\n" not in str(caught.value)


def test_the_highest_ratio_that_is_named_works():
    assert class_targets(np.full(3, 100), "exp", ratio=100).min() == 1


@quick
@given(st.lists(st.integers(0, 9), min_size=1, max_size=15))
def test_the_minority_is_the_rarest_third(counts):
    minority = rarest(np.array(counts))
    assert len(minority) == max(1, len(counts) // 3)
    assert list(minority) == sorted(set(minority))
    for inside in minority:
        for outside in set(range(len(counts))) - set(minority):
            assert (counts[inside], inside) < (counts[outside], outside)


def test_labels_come_back_sorted_and_plain():
    labels = check_labels("rare", [np.int64(4), 2], 10)
    assert labels == (2, 4)
    assert all(type(label) is int for label in labels)


def test_every_profile_is_described():
    assert list(PROFILES) == ["none", "exp", "step", "named"]
    assert all(PROFILES.values())
