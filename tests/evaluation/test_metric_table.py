"""One table says what every metric is called, its unit and its direction."""

import numpy as np
import pytest

from leastloss.evaluation import COSTS, METRICS, fairness_metrics, metric_of, names_of
from leastloss.geometry import COLLAPSE


def test_shares_of_loss_are_percent_and_less_of_them_is_better() -> None:
    for name in ("changed_predictions", "excess_gap", "gaussian3_flip_rate"):
        assert metric_of(name).is_share
        assert metric_of(name).higher_is_better is False
    assert metric_of("minority_recall").is_accuracy
    assert not metric_of("cev").is_share
    assert metric_of("changed_predictions").heading == "predictions unlike dense"


@pytest.mark.parametrize("name", METRICS)
def test_rows_are_named_alike(name: str) -> None:
    entry = metric_of(name)
    assert entry.name == name
    assert entry.words.strip() == entry.words != ""
    assert entry.digits > 0


def test_groups_hold_what_the_functions_return() -> None:
    assert names_of("collapse") == COLLAPSE
    labels = np.array([0, 1, 0])
    assert names_of("fairness") == tuple(fairness_metrics(labels, labels, labels, 2))
    assert set(COSTS) <= set(names_of("size"))


def test_names_that_tell_where_they_were_measured() -> None:
    assert metric_of("recall_class_7").words == "recall of class 7"
    assert metric_of("val_recall_class_7").words == "recall of class 7 on validation samples"
    assert metric_of("free:minority_recall").is_share
    assert metric_of("area:bdm_bits").heading == "BDM (bits)"
    assert metric_of("epoch_unheard_of").heading == "epoch unheard of"
