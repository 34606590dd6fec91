"""The models that a criterion run logs."""

import pandas as pd
import pytest

from leastloss.experiment.prune_run.artifacts import models_in_words, models_of


@pytest.mark.parametrize(
    ("recalls", "said"),
    [
        (
            [0.9, 0.89, 0.5],
            "Logged as `pruned`: 50 % removed (sparsest within 2 points of dense on the validation "
            "data); as `pruned-last`: 95 % removed (last step).",
        ),
        (
            [0.9, 0.89, 0.91],
            "Logged as `pruned`: 95 % removed (sparsest within 2 points of dense on the validation "
            "data, and the last step: there is no `pruned-last`).",
        ),
        (
            [0.9, 0.8, 0.5],
            "Logged as `pruned`: 0 % removed (no sparser network is within 2 points of dense); "
            "as `pruned-last`: 95 % removed (last step).",
        ),
    ],
)
def test_the_sparsity_of_each_is_told(recalls: list[float], said: str) -> None:
    table = pd.DataFrame({"sparsity": [0, 0.5, 0.95], "val_minority_recall": recalls})
    assert models_in_words(models_of(table.assign(val_balanced_accuracy=0.9))) == said
