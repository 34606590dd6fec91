"""Checks of options and of names of metrics, before anything is trained."""

import re
from collections.abc import Iterable
from functools import cache

import pandas as pd
import torch

from leastloss.data import PROFILES, Data, own_name
from leastloss.errors import InputError, choose
from leastloss.evaluation import FAILED
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.information import BOUNDARIES, ENCODINGS
from leastloss.losses import LOSSES
from leastloss.models import MLP, MODELS, BinarizedConvNet, BinarizedMLP, known_model
from leastloss.optimizers import read_optimizer
from leastloss.options import numbers
from leastloss.pruning import as_recovery, check_plan, prune, rounds_of, spelled
from leastloss.seeds import torch_stream


def binary_model(name: str) -> bool:
    """Whether networks of this name have binary layers."""
    return MODELS.get(known_model(name)) in (BinarizedMLP, BinarizedConvNet)


def check_training_axes(config: TrainConfig) -> None:
    """Refuse unknown names of data sets, networks and losses."""
    own_name(config.dataset)
    choose("imbalance profile", config.imbalance, PROFILES)
    known_model(config.model)
    read_optimizer(config.optimizer)
    choose("loss", config.loss, LOSSES)


def check_axes(config: PruneConfig) -> None:
    """Refuse options of pruning that are unknown or contradict each other."""
    check_training_axes(config)
    choose("encoding", config.encoding, ENCODINGS)
    choose("boundary", config.boundary, BOUNDARIES)
    if config.permutations == 1:
        raise InputError(f"permutations is {config.permutations}; it must be 0, or at least 2")
    # A run's network is fetched later; assume binary layers until then, as auto depends on them.
    binary = bool(config.run_id) or binary_model(config.model)
    check_plan(config, as_recovery(spelled(str(config.recovery), binary=binary)))
    # The size of the network may be unknown yet: a large one stands in for it.
    units = sum(numbers(config.hidden, int, "hidden"))
    exact = config.granularity == "unit" and not config.run_id and units > 0
    rounds_of(config, units if exact else 1_000_000)


_SHUFFLED = (
    *("shuffled_complexity", "shuffled_complexity_std"),
    *("shuffled_correlation", "shuffled_correlation_std", "redrawn_correlation"),
)

_COUNTED = ("step", "seed", "removed", "sparsity")  # they locate a row and measure nothing


def check_measured(wanted: Iterable[str], table: pd.DataFrame) -> None:
    """Refuse metrics that a table of steps does not hold."""
    columns = [str(name) for name in table.select_dtypes("number")]
    measured = [name for name in columns if name not in _COUNTED and not name.endswith(FAILED)]
    for name in wanted:
        choose("metric", name, measured, _families(measured))


def _families(measured: Iterable[str]) -> list[str]:
    """The names of metrics, those of all classes and of all validation twins as one."""
    on_test = [name for name in measured if not name.startswith("val_")]
    return [*dict.fromkeys(re.sub(r"_\d+$", "_<k>", name) for name in on_test), "val_<metric>"]


def check_metrics(wanted: Iterable[str], configs: Iterable[PruneConfig]) -> None:
    """Refuse metrics that no run of these configurations will hold."""
    measured: dict[str, None] = {}
    for config in configs:
        measured |= dict.fromkeys(_measured(config.granularity, config.noises))
        measured |= dict.fromkeys(_SHUFFLED if config.permutations else ())
    for name in wanted:
        if not re.fullmatch(r"sparsity_layer_\d+", name):  # as many as the network has layers
            choose("metric in report", name, measured, _families(measured))


@cache
def _measured(granularity: str, noise: tuple[str, ...]) -> tuple[str, ...]:
    """The metrics of every step; all data sets have ten classes."""
    x = torch.rand(60, 1, 4, 4, generator=torch_stream(0, "rehearsal"))
    data = Data.from_tensors((x, torch.arange(60) % 10), classes=10)
    model = MLP(16, (4,), 10, generator=torch_stream(0, "rehearsal"))
    path = prune(
        model,
        data,
        "random",
        granularity=granularity,
        to_sparsity=0.5,
        steps=1,
        recovery="none",
        noise=noise,
        progress=False,
    )
    table = path.table().select_dtypes("number").drop(columns=[*_COUNTED], errors="ignore")
    return tuple(c for c in table.columns if not c.startswith("sparsity_layer_"))
