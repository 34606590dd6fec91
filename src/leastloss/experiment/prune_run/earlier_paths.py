"""Paths of earlier runs: one that goes on as if it had never stopped, or that lends its ratios."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from leastloss import tracking
from leastloss.controls import CONTROLS_OF, nested
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.prune_run.artifacts import ORDER
from leastloss.experiment.prune_run.choices import Choice
from leastloss.experiment.robustness_run.networks import pruned_network
from leastloss.experiment.run_query import check_child
from leastloss.options import defaults, fields_of, parameters
from leastloss.pruning import Pruned, PruningPath, path_of_order
from leastloss.tracking import Run

RATIOS_OF = "leastloss.ratios_of"
"""Tag of a run that took its layer ratios from a run of another call: the id of that run."""


@dataclass(frozen=True, kw_only=True)
class Continued:
    """The child run that is gone on from, and its last network."""

    run_id: str
    pruned: Pruned


def goes_on(run: Run) -> bool:
    """Whether a run is a path that another one can go on with."""
    return run.data.tags.get(tracking.KIND) == "criterion"


def continued(config: PruneConfig, run: Run, dense: Dense) -> tuple[PruneConfig, Continued]:
    """The options of a run that goes on, and what it begins with; prints what it ignores.

    Raises:
        InputError: If the run's path follows another one, or is a control.
        ResourceError: If its files are missing or damaged.
    """
    run_id, params = check_child(run).info.run_id, run.data.params
    criterion = params["criterion"]
    if "@" in criterion or CONTROLS_OF in run.data.tags:
        raise InputError(
            f"run {run_id!r} ({criterion}) follows another path, and cannot go on alone; name a "
            "child of a criterion of its own"
        )
    usual, asked = defaults(PruneConfig), parameters(config)
    of_paths = fields_of(PruneConfig, "schedule", "repair", "score", "seed", unmarked="anew")
    fixed = [name for name in of_paths if name in params]
    idle = {name: asked[name] for name in fixed if asked[name] not in (usual[name], params[name])}
    if asked["criteria"] not in (usual["criteria"], criterion):
        idle["criteria"] = asked["criteria"]
    if idle:
        words = ", ".join(f"{name}={value}" for name, value in idle.items())
        click.echo(f"ignored, since run_id brings its own path: {words}", err=True)
    values: dict[str, Any] = {name: params[name] for name in fixed}
    values["seed"] = int(params["seed"])
    config = replace(config, run_id=run_id, criteria=criterion, controls="no", **values)
    model, _ = pruned_network(run, dense, None)
    order = tracking.fetch_array(run_id, ORDER)
    return config, Continued(run_id=run_id, pruned=Pruned(model, order))


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
