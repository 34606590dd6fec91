"""A configuration that exists holds allowed values only."""

from dataclasses import fields, replace

import pytest

from leastloss.errors import InputError
from leastloss.experiment.config import (
    CompareConfig,
    PruneConfig,
    RobustnessConfig,
    SweepConfig,
    TrainConfig,
)
from leastloss.options import defaults

CONFIGS = (TrainConfig, PruneConfig, RobustnessConfig, CompareConfig, SweepConfig)


@pytest.mark.parametrize("config", CONFIGS)
def test_numbers_have_limits_on_both_sides(config: type) -> None:
    for option in fields(config):
        allowed = option.metadata["allowed"]
        if type(option.default) in (int, float) or allowed.each in (int, float):
            assert max(allowed.at_least, allowed.above) >= 0, option.name
            assert min(allowed.at_most, allowed.below) < 2**63, option.name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epochs": 10**20}, r"epochs is 1000.*; it must be an integer in \[1, 1000000\]"),
        ({"lr": float("nan")}, r"lr is nan; it must be a number in \(0, 1000\]"),
        ({"to_sparsity": 1.0}, r"to_sparsity is 1.0; it must be a number in \(0, 1\)"),
        ({"hidden": "8,0"}, r"hidden is '8,0'; each must be an integer in \[1, 1000000\]"),
        ({"sparsities": "nan"}, r"sparsities is 'nan'; each must be a number in \(0, 1\)"),
        ({"layers": "a, a"}, "layers is 'a, a'; each may occur once"),
        ({"artifacts": "ful"}, "unknown artifacts 'ful'; did you mean 'full'"),
        ({"data_dir": "a\nb"}, "it must be text without control characters"),
        ({"data_dir": "\udc80"}, "it must be text without control characters"),
    ],
)
def test_what_is_not_allowed_says_what_is(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        PruneConfig(**changes)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InputError, match=said):
        replace(PruneConfig(), **changes)  # type: ignore[arg-type]  # wrong on purpose


def test_defaults_are_made_once_and_handed_out_as_copies() -> None:
    defaults(PruneConfig)["steps"] = "changed"
    assert defaults(PruneConfig)["steps"] == "19"
    assert defaults(PruneConfig, model="resnet20")["controls"] == "no"
