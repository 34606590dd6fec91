import numpy as np
import pandas as pd
import pytest

from leastloss.evaluation import path_summary

STEPS = pd.DataFrame(
    {
        "sparsity": [0.0, 0.4, 0.8, 1.0],
        "balanced_accuracy": [0.9, 0.885, 0.5, 0.1],
        "minority_recall": [0.6, 0.6, 0.2, 0.0],
    }
)


def test_a_path_worked_out_by_hand() -> None:
    summary = path_summary(STEPS)
    assert summary["free_sparsity"] == 0.4
    balanced = 0.4 * (0.9 + 0.885) / 2 + 0.4 * (0.885 + 0.5) / 2 + 0.2 * (0.5 + 0.1) / 2
    assert summary["area_balanced_accuracy"] == pytest.approx(balanced)
    assert summary["area_minority_recall"] == pytest.approx(0.4 * 0.6 + 0.4 * 0.4 + 0.2 * 0.1)
    assert summary["balanced_accuracy_at_80"] == 0.5
    assert next(iter(summary)) == "free_sparsity"  # the UI opens on what was logged first


def test_what_cannot_be_said_is_left_out() -> None:
    far = STEPS[STEPS["sparsity"] != 0.8]
    assert "balanced_accuracy_at_80" not in path_summary(far)
    lost = STEPS.assign(minority_recall=[0.6, np.nan, 0.2, 0.0])
    assert "area_minority_recall" not in path_summary(lost)
    assert "area_minority_recall" not in path_summary(STEPS.drop(columns="minority_recall"))
    poor = STEPS.assign(balanced_accuracy=[0.02, 0.02, 0.01, 0.0])
    assert "free_sparsity" not in path_summary(poor)
    assert path_summary(STEPS.iloc[1:]) == {}  # no path from the dense network


def test_of_two_steps_that_round_alike_the_later_one_stands() -> None:
    twice = pd.concat([STEPS.iloc[:1].assign(balanced_accuracy=0.3), STEPS], ignore_index=True)
    assert path_summary(twice) == path_summary(STEPS)
