"""Names of noises, columns of networks, keys of metrics, and sample images."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.experiment.config import RobustnessConfig
from leastloss.experiment.robustness_run import robustness as recipe
from leastloss.experiment.robustness_run.networks import Network

NETWORKS = [
    Network(label="dense", criterion="dense", sparsity=0.0, model=nn.Identity()),
    Network(label="nc at 0.5", criterion="nc", sparsity=0.5, model=nn.Identity()),
]
TABLE = pd.DataFrame(
    {
        "model": ["dense", "dense", "nc at 0.5", "nc at 0.5"],
        "corruption": ["clean", "shot"] * 2,
        "severity": [0, 3] * 2,
        "accuracy": [0.9, 0.7, 0.8, 0.5],
    }
)


def test_rows_say_which_criterion_pruned_how_far() -> None:
    described = recipe._described(TABLE, NETWORKS)
    assert list(described.columns[:3]) == ["model", "criterion", "sparsity"]
    assert described["criterion"].tolist() == ["dense", "dense", "nc", "nc"]
    assert described["sparsity"].tolist() == [0.0, 0.0, 0.5, 0.5]
    assert "criterion" not in TABLE


def test_metrics_are_grouped_by_noise_and_step_by_severity() -> None:
    summary = pd.DataFrame({"model": ["nc at 0.5"], "mce": [1.5], "note": [""]})
    assert recipe._metrics(TABLE, summary) == [
        (
            0,
            {
                "shot/accuracy.dense": 0.9,
                "shot/accuracy.nc at 0.5": 0.8,
                "mce/nc at 0.5": 1.5,
            },
        ),
        (3, {"shot/accuracy.dense": 0.7, "shot/accuracy.nc at 0.5": 0.5}),
    ]


def test_names_hold_what_mlflow_allows() -> None:
    assert recipe._spelt("random@nc:gamma=0.1") == "random at nc:gamma-0.1"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"corruptions": ""}, "corruptions or severities is empty"),
        ({"corruptions": "snow"}, "unknown corruption 'snow'"),
        ({"attacks": "cw"}, "unknown attack 'cw'"),
    ],
)
def test_what_is_refused_before_any_network_is_fetched(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recipe.robustness(RobustnessConfig(run_id="none", **options))


def test_one_sample_of_the_first_the_middle_and_the_last_class() -> None:
    x = torch.arange(8.0)[:, None, None, None].expand(8, 1, 2, 2) / 8
    split = Split(x, torch.tensor([4, 4, 0, 7, 0, 7, 9, 9]), 10, ())
    samples = recipe.SampleImages(split)
    assert samples.chosen == [2, 3, 6]  # of the classes 0, 7 and 9
    assert samples.images == {}
    samples.take("shot", 5, 1 - x)
    samples.take("shot", 2, x)
    assert list(samples.images) == ["shot"]
    by_severity = samples.images["shot"]
    assert list(by_severity) == [0, 5, 2]
    np.testing.assert_array_equal(by_severity[5], 1 - by_severity[0])


def test_few_classes_are_shown_once() -> None:
    split = Split(torch.rand(4, 1, 2, 2), torch.tensor([1, 0, 1, 0]), 2, ())
    assert recipe.SampleImages(split).chosen == [1, 0]


def test_rows_of_a_table_are_no_images() -> None:
    split = Split(torch.rand(4, 3), torch.tensor([1, 0, 1, 0]), 2, ())
    samples = recipe.SampleImages(split)
    samples.take("gaussian", 1, split.x)
    assert samples.images == {}
