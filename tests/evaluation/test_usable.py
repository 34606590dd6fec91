"""The network of a path that a user would take."""

import numpy as np
import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.evaluation.usable import usable_step

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
