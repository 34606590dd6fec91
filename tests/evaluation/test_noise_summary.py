from math import isnan, nan

import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.evaluation import corruption_errors, noise_summary
from leastloss.evaluation.noise_summary import corruption_error, relative_corruption_error

ACCURACY = {
    ("dense", "clean", 0): 0.9,
    ("dense", "gaussian", 1): 0.8,
    ("dense", "gaussian", 3): 0.6,
    ("dense", "shot", 1): 0.8,
    ("dense", "shot", 3): 0.8,
    ("dense", "weight-noise", 1): 0.5,
    ("nc", "clean", 0): 0.8,
    ("nc", "gaussian", 1): 0.7,
    ("nc", "gaussian", 3): 0.4,
    ("nc", "shot", 1): 0.7,
    ("nc", "shot", 3): 0.7,
    ("nc", "weight-noise", 1): 0.0,
}


def table(**changes):
    values = ACCURACY | {tuple(key.split("_")): value for key, value in changes.items()}
    rows = [(*key[:2], int(key[2]), value, value / 2) for key, value in values.items()]
    names = ["model", "corruption", "severity", "accuracy", "minority_recall"]
    found = pd.DataFrame(rows, columns=names)
    return found.drop_duplicates(names[:3], keep="last").reset_index(drop=True)


def test_errors_by_hand():
    found = corruption_errors(table()).set_index(["model", "corruption"])
    assert found.loc[("nc", "gaussian"), "corruption_error"] == pytest.approx(0.9 / 0.6)
    relative = found["relative_corruption_error"]
    assert relative["nc", "gaussian"] == pytest.approx((0.9 - 0.4) / (0.6 - 0.2))
    assert relative["nc", "shot"] == pytest.approx((0.6 - 0.4) / (0.4 - 0.2))
    assert (found.loc["dense", "corruption_error"] == 1).all()
    assert (found["note"] == "").all()


def test_summary_by_hand():
    found = noise_summary(table()).set_index("model").loc["nc"]
    assert found["mce"] == pytest.approx((0.9 / 0.6 + 0.6 / 0.4) / 2)  # weight noise stands apart
    assert found["relative_mce"] == pytest.approx((1.25 + 1.0) / 2)
    assert found["weight-noise_ce"] == pytest.approx(2.0)
    assert found["mean_accuracy"] == pytest.approx((0.7 + 0.4 + 0.7 + 0.7) / 4)
    assert found["gaussian_minority_recall"] == pytest.approx((0.35 + 0.2) / 2)
    assert found["note"] == ""


def test_what_failed_is_not_averaged_away():
    found = noise_summary(table(nc_shot_3=nan)).set_index("model")
    for name in ("mce", "relative_mce", "mean_accuracy", "shot_accuracy", "shot_ce"):
        assert isnan(found.loc["nc", name])
    assert found.loc["nc", "gaussian_ce"] == pytest.approx(1.5)
    assert found.loc["nc", "note"] == "nc failed under shot"
    assert found.loc["dense", "mce"] == 1.0


def test_a_reference_that_failed_or_does_not_err_says_so():
    notes = noise_summary(table(dense_shot_3=nan)).set_index("model")["note"]
    assert notes["nc"] == "dense failed under shot"
    perfect = table(dense_shot_1=1.0, dense_shot_3=1.0)
    found = noise_summary(perfect).set_index("model").loc["nc"]
    assert isnan(found["mce"])
    assert found["note"] == "dense makes no error under shot"
    still = noise_summary(table(dense_shot_1=0.9, dense_shot_3=0.9)).set_index("model").loc["nc"]
    assert still["mce"] == pytest.approx((1.5 + 0.6 / 0.2) / 2)
    assert isnan(still["relative_mce"])
    assert still["note"] == "the error of dense does not grow under shot"


def test_a_network_that_fails_without_noise_has_no_relative_error():
    found = noise_summary(table(nc_clean_0=nan)).set_index("model").loc["nc"]
    assert isnan(found["relative_mce"])
    assert found["note"].startswith("nc failed under gaussian; nc failed under shot")


def test_bad_tables():
    with pytest.raises(InputError, match="unknown model 'dens'"):
        noise_summary(table(), "dens")
    with pytest.raises(InputError, match="no row without noise of nc"):
        noise_summary(table().drop(index=6))


def test_error_of_five_severities_by_hand():
    errors, dense = [0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.1, 0.2, 0.3, 0.3]
    assert corruption_error(errors, dense) == pytest.approx(1.5 / 1.0)
    # Above the clean errors 0.05 and 0.1: 1.5 - 0.25 over 1.0 - 0.5.
    assert relative_corruption_error(errors, 0.05, dense, 0.1) == pytest.approx(1.25 / 0.5)


def test_the_reference_has_error_one():
    errors = [0.3, 0.5]
    assert corruption_error(errors, errors) == 1.0
    assert relative_corruption_error(errors, 0.1, errors, 0.1) == 1.0


def test_a_network_that_noise_helps_has_a_negative_relative_error():
    assert relative_corruption_error([0.1], 0.2, [0.5], 0.25) == pytest.approx(-0.4)


def test_no_error_to_compare_with_is_no_number():
    assert isnan(corruption_error([0.1, 0.2], [0.0, 0.0]))
    assert isnan(relative_corruption_error([0.1], 0.0, [0.2], 0.2))
    assert isnan(relative_corruption_error([0.1], 0.0, [0.1], 0.2))  # the reference gained
    # Up by a tenth and down by a tenth is no growth, whatever the rounding.
    assert isnan(relative_corruption_error([0.5, 0.5], 0.1, [0.3 + 0.1, 0.3 - 0.1], 0.3))


def test_failures_stay_failures():
    assert isnan(corruption_error([0.1, nan], [0.1, 0.1]))
    assert isnan(corruption_error([0.1, 0.1], [nan, 0.1]))
    assert isnan(relative_corruption_error([0.1], nan, [0.1], 0.0))
