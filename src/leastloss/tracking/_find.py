"""Runs by their id, or by a filter; what was deleted is named with the command that restores it."""

import contextlib
import gc
import re
from collections.abc import Iterator

from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import MlflowException

from leastloss.errors import InputError, ResourceError
from leastloss.tracking._store import client, store_errors, store_missing, store_name

SHORTEST = 4
"""Letters of a run's id that name it, where no other id begins alike."""

_PAGE = 250  # runs in one answer: more take memory, fewer take time
_NEWEST = ["attributes.start_time DESC"]
_SHOWN = 5  # candidates that a message lists
_NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


def find_run(run_id: str) -> Run:
    """Fetch a run by its id or by the first letters of it.

    Raises:
        InputError: If several ids begin so.
        ResourceError: If there is no such run, or it was deleted.
    """
    run = run_or_none(run_id)
    if run is None:
        begun = _begins_with(run_id)
        if len(begun) > 1:
            ids = ", ".join(run.info.run_id for run in begun[:_SHOWN])
            more = f" and {len(begun) - _SHOWN} more" if len(begun) > _SHOWN else ""
            raise InputError(f"several runs begin with {run_id!r}: {ids}{more}; write more of it")
        if not begun:
            raise ResourceError(f"there is no run {run_id!r} in the tracking store {store_name()}")
        run = run_or_none(begun[0].info.run_id) or begun[0]  # a search leaves out the models
    if run.info.lifecycle_stage != "active":
        raise ResourceError(f"run {run.info.run_id!r} was deleted; {_restore(run)}")
    return run


def run_or_none(run_id: str) -> Run | None:
    """Fetch a run by its whole id, deleted or not; None if there is none."""
    if store_missing():
        return None
    with store_errors():
        try:
            return client().get_run(run_id)
        except MlflowException as error:
            if error.error_code not in _NOT_FOUND:
                raise
    return None


def _begins_with(run_id: str) -> list[Run]:
    """The runs whose ids begin so; of those that were not deleted, if there are any."""
    if store_missing() or not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},32}}", run_id):
        return []
    with store_errors():
        every = client().search_experiments(view_type=ViewType.ALL)
        runs = client().search_runs(
            [experiment.experiment_id for experiment in every],
            f"attributes.run_id LIKE '{run_id}%'",
            run_view_type=ViewType.ALL,
            max_results=_PAGE,
        )
    return [run for run in runs if run.info.lifecycle_stage == "active"] or list(runs)


def _restore(run: Run) -> str:
    """How to get a deleted run back; its experiment brings all its runs."""
    with store_errors():
        experiment = client().get_experiment(run.info.experiment_id)
    if experiment.lifecycle_stage != "active":
        return f"so was its experiment; {restore_experiment(experiment)}"
    return f"restore it with `mlflow runs restore --run-id {run.info.run_id}`"


def restore_experiment(experiment: Experiment) -> str:
    """How to get a deleted experiment back."""
    return f"restore it with `mlflow experiments restore -x {experiment.experiment_id}`"


def raise_deleted(error: MlflowException) -> None:
    """Say how an experiment comes back, if MLflow refused to open a run since it was deleted."""
    if match := re.search(r"experiment (\S+) must be in the 'active' state", str(error)):
        experiment = client().get_experiment(match[1])
        raise ResourceError(
            f"the experiment {experiment.name!r} was deleted; {restore_experiment(experiment)}"
        ) from error


def find_experiment(name: str) -> Experiment:
    """Fetch an experiment by its name."""
    if store_missing():
        raise ResourceError(f"there is no experiment {name!r}: no run was logged here yet")
    with store_errors():
        experiment = client().get_experiment_by_name(name)
        others = client().search_experiments() if experiment is None else []
    if experiment is None:
        names = ", ".join(sorted(repr(other.name) for other in others)) or "none"
        raise ResourceError(f"there is no experiment {name!r}; there are: {names}")
    if experiment.lifecycle_stage != "active":
        raise ResourceError(
            f"the experiment {name!r} was deleted; {restore_experiment(experiment)}"
        )
    return experiment


def search(where: str, experiment: str = "") -> list[Run]:
    """Find runs by a filter, newest first: :func:`search_each` as a list."""
    return list(search_each(where, experiment))


def search_each(where: str, experiment: str = "", *, deleted: bool = False) -> Iterator[Run]:
    """Find runs by a filter, newest first, page by page: those not kept take no memory.

    The filter is one as ``MlflowClient.search_runs`` takes it. Without a name, all experiments are
    searched; ``deleted`` finds the runs that were deleted instead of those that were not.

    Raises:
        ResourceError: If there is no experiment of this name, or it was deleted.
    """
    view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
    if experiment:
        ids = [find_experiment(experiment).experiment_id]
    else:
        if store_missing():
            return
        with store_errors():
            ids = [entity.experiment_id for entity in client().search_experiments()]
    token: str | None = None
    while ids and token != "":
        with store_errors(), _without_collection():
            page = client().search_runs(ids, where, view, _PAGE, _NEWEST, token)
        yield from page
        token = page.token or ""


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Look for no garbage: that takes a third of the time in which rows become runs."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
