import numpy as np
import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.evaluation import path_summary
from leastloss.evaluation.path_summary import usable_step

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
    assert path_summary(STEPS.iloc[1:]) == {"balanced_accuracy_at_80": 0.5}  # it came with zeros


def test_of_two_steps_that_round_alike_the_later_one_stands() -> None:
    twice = pd.concat([STEPS.iloc[:1].assign(balanced_accuracy=0.3), STEPS], ignore_index=True)
    assert path_summary(twice) == path_summary(STEPS)


NAN = float("nan")
SPARSITY = [0.0, 0.3, 0.6, 0.9]


@pytest.mark.parametrize(
    ("balanced", "minority", "step"),
    [
        ([0.9, 0.9, 0.88, 0.87], [0.8, 0.8, 0.78, 0.8], 2),  # exactly two points are near
        ([0.9, 0.9, 0.9, 0.9], [0.8, 0.79, 0.6, 0.5], 1),  # the rare classes alone are lost
        ([0.9, 0.89, 0.5, 0.3], [0.8, 0.8, 0.8, 0.8], 1),  # the rare classes alone are kept
        ([0.9, 0.7, 0.89, 0.3], [0.8, 0.8, 0.8, 0.8], 2),  # good again
        ([0.9, 0.7, 0.7, 0.3], [0.8, 0.8, 0.8, 0.8], 0),  # nothing but the dense network
        ([0.9, 0.95, 0.95, 0.95], [0.8, 0.8, 0.9, 0.9], 3),  # to the end
        ([0.9, 0.9, 0.9, 0.5], [NAN] * 4, 2),  # no rare class among the validation images
        ([0.9, 0.9, 0.9, 0.5], [0.8, 0.8, NAN, 0.8], 1),  # outputs that are no numbers
        ([NAN] * 4, [NAN] * 4, 3),
    ],
)
def test_sparsest_step_that_is_near_in_both(
    balanced: list[float], minority: list[float], step: int
) -> None:
    table = pd.DataFrame(
        {"sparsity": SPARSITY, "val_balanced_accuracy": balanced, "val_minority_recall": minority}
    )
    table["balanced_accuracy"] = np.linspace(1, 0, 4)  # the test images have no say
    assert usable_step(table) == step


def test_a_missing_column_disqualifies_nothing_and_the_later_of_equal_steps_stands() -> None:
    table = pd.DataFrame({"sparsity": [0, 0.5, 0.5], "val_balanced_accuracy": [0.9, 0.9, 0.9]})
    assert usable_step(table) == 2
    table.loc[2, "val_balanced_accuracy"] = 0.2
    assert usable_step(table) == 1
    assert usable_step(table, within=0.7) == 2


def test_nonsense_is_refused() -> None:
    table = pd.DataFrame({"sparsity": [0.0]})
    with pytest.raises(InputError, match="at least 0"):
        usable_step(table, within=-0.1)
    with pytest.raises(InputError, match="no rows"):
        usable_step(table[:0])


def test_a_path_that_goes_on_is_held_against_the_dense_network() -> None:
    table = pd.DataFrame({"sparsity": [0.5, 0.7, 0.8], "val_balanced_accuracy": [0.8, 0.85, 0.79]})
    assert usable_step(table) == 2
    assert usable_step(table, before={"val_balanced_accuracy": 0.86}) == 1
    assert usable_step(table, before={"val_balanced_accuracy": 0.99}) == 0
