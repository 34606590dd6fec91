"""Options that need neither data nor network are checked by themselves."""

import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.option_checks import (
    binary_model,
    check_axes,
    check_measured,
    check_metrics,
    check_training_axes,
)


def test_networks_with_binary_layers() -> None:
    assert binary_model("binarized-mlp")
    assert not binary_model("convnet")
    with pytest.raises(InputError, match="unknown model 'mpl'; did you mean 'mlp'"):
        binary_model("mpl")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dataset": "digit"}, "unknown data set 'digit'"),
        ({"imbalance": "steps"}, "unknown imbalance profile 'steps'"),
        ({"model": "cnn"}, "unknown model 'cnn'"),
        ({"loss": "focal"}, "unknown loss 'focal'"),
    ],
)
def test_unknown_names_of_training(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_training_axes(TrainConfig(**options))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"encoding": "signs"}, "unknown encoding 'signs'"),
        ({"boundary": "open"}, "unknown boundary 'open'"),
        ({"permutations": 1}, "permutations is 1; it must be 0, or at least 2"),
        ({"granularity": "unit", "hidden": "4", "to_sparsity": 0.9}, "of 4 parts would remove 4"),
    ],
)
def test_options_of_pruning_that_cannot_be(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_axes(PruneConfig(**options))


def test_the_size_of_a_network_that_comes_from_a_run_is_not_guessed() -> None:
    check_axes(PruneConfig(granularity="unit", hidden="4", to_sparsity=0.9, run_id="abc"))


def test_metrics_of_a_table_are_its_columns_of_numbers() -> None:
    table = pd.DataFrame({"step": [0], "accuracy": [0.5], "recall_class_0": [1.0], "word": ["a"]})
    check_measured(["accuracy", "recall_class_0"], table)
    for name in ("step", "word", "recall"):
        with pytest.raises(InputError, match="are: accuracy, recall_class_<k>, val_<metric>"):
            check_measured([name], table)


def test_metrics_of_a_study_are_those_that_its_runs_will_measure() -> None:
    plain, permuted = PruneConfig(), PruneConfig(permutations=3)
    check_metrics(["accuracy", "val_accuracy", "bdm_bits", "sparsity_layer_7"], [plain])
    check_metrics(["shuffled_correlation"], [plain, permuted])
    with pytest.raises(InputError, match="unknown metric in report 'shuffled_correlation'"):
        check_metrics(["shuffled_correlation"], [plain])
    with pytest.raises(InputError, match="unknown metric in report 'recall_class_10'"):
        check_metrics(["recall_class_10"], [plain])
