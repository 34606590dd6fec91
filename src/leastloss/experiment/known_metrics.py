"""Which metrics runs hold, and which those of a study will hold (measured on a toy network)."""

import re
from collections.abc import Iterable
from functools import cache

import pandas as pd
import torch

from leastloss.data import Data
from leastloss.evaluation import FAILED
from leastloss.experiment.config import PruneConfig
from leastloss.models import MLP
from leastloss.names import choose
from leastloss.pruning import prune
from leastloss.seeds import torch_stream

_SHUFFLED = (
    *("shuffled_complexity", "shuffled_complexity_std"),
    *("shuffled_correlation", "shuffled_correlation_std", "redrawn_correlation"),
)

_COUNTED = ("step", "seed", "removed", "sparsity")  # they locate a row and measure nothing


def check_measured(wanted: Iterable[str], table: pd.DataFrame) -> None:
    """Refuse metrics that a table of steps does not hold.

    Raises:
        InputError: If one is missing; it lists those that exist.
    """
    columns = [str(name) for name in table.select_dtypes("number")]
    measured = [name for name in columns if name not in _COUNTED and not name.endswith(FAILED)]
    for name in wanted:
        choose("metric", name, measured, _families(measured))


def _families(measured: Iterable[str]) -> list[str]:
    """The names of metrics, those of all classes and of all validation twins as one."""
    on_test = [name for name in measured if not name.startswith("val_")]
    return [*dict.fromkeys(re.sub(r"_\d+$", "_<k>", name) for name in on_test), "val_<metric>"]


def check_metrics(wanted: Iterable[str], configs: Iterable[PruneConfig]) -> None:
    """Refuse metrics that no run of these configurations will hold.

    Raises:
        InputError: If one is missing.
    """
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
