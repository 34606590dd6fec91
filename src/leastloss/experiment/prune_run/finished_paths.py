"""Paths of finished runs, which lend their layer ratios without being pruned again."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leastloss import tracking
from leastloss.controls import nested
from leastloss.errors import ResourceError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.prune_run.artifacts import ORDER
from leastloss.experiment.prune_run.choices import Choice
from leastloss.pruning import PruningPath, path_of_order

RATIOS_OF = "leastloss.ratios_of"
"""Tag of a run that took its layer ratios from a run of another call: the id of that run."""


@dataclass(frozen=True, kw_only=True)
class FinishedPath:
    """A finished criterion run, and the order in which it removed."""

    run_id: str
    order: NDArray[np.int64]


def finished_paths(run_ids: Mapping[str, str]) -> dict[str, FinishedPath]:
    """Read the removal orders of finished runs; those that cannot be read are left out.

    Args:
        run_ids: Label of a criterion -> its finished run.
    """
    paths: dict[str, FinishedPath] = {}
    for label, run_id in run_ids.items():
        if nested(label):
            with contextlib.suppress(ResourceError):
                order = tracking.fetch_array(run_id, ORDER)
                paths[label] = FinishedPath(run_id=run_id, order=order)
    return paths


def rebuilt(
    finished: FinishedPath,
    config: PruneConfig,
    choice: Choice,
    dense: Dense,
    followed: PruningPath | None,
) -> PruningPath:
    """The path of a finished run, as far as those that follow it need it."""
    assert choice.criterion is not None
    plan = config if followed is None else replace(config, allocation=followed)
    return path_of_order(dense.model, dense.data, choice.criterion, plan, finished.order)
