"""Names of noises, columns of networks, and keys of metrics."""

import pandas as pd
import pytest
from torch import nn

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
        recipe.check(RobustnessConfig(run_id="none", **options))
