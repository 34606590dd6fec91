"""Runs that always end: FINISHED, FAILED with the reason, or KILLED."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import mlflow
import torch
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.time import get_current_time_millis
from sqlalchemy.exc import SQLAlchemyError

from leastloss.errors import ResourceError
from leastloss.evaluation import key_of
from leastloss.tracking._exporter import stop, warm_up
from leastloss.tracking._fetch import check_artifacts
from leastloss.tracking._find import raise_deleted
from leastloss.tracking._models import drop_models, finish_models
from leastloss.tracking._process import PROCESS, close_orphans, environment, this_process
from leastloss.tracking._store import client, patiently, store_errors, without_patience

KIND = "leastloss.kind"
REFUSED = "leastloss.refused"
DETERMINISTIC = "leastloss.deterministic"
_BATCH = 1000  # MLflow's limit for metrics in one request
_TEXT = 6000  # MLflow's limit for the value of a parameter


@contextlib.contextmanager
def run(
    kind: str,
    name: str,
    parameters: Mapping[str, object],
    *,
    nested: bool = False,
    tags: Mapping[str, str] | None = None,
    exports: bool = True,
) -> Iterator[str]:
    """Open a run and close it whatever happens; yields its id.

    The first run takes over the one that ``mlflow run`` has opened, if any; a nested run is a child
    of the open one. A run that an exception leaves is FAILED (Ctrl-C and SIGTERM: KILLED), with the
    reason in the tag ``failure``.

    Args:
        kind: What it is: train, prune, criterion, robustness or compare.
        name: Shown in the UI.
        parameters: Logged as strings; those that the project has logged already stay.
        nested: Whether the run belongs to the open one.
        tags: Further tags.
        exports: Whether it will log networks: their exporter starts with the outermost run.

    Raises:
        ResourceError: If the tracking store cannot be reached or written, or files that were logged
            are gone when the run ends.
    """
    process = {KIND: kind, PROCESS: this_process()}
    process[DETERMINISTIC] = str(torch.are_deterministic_algorithms_enabled()).lower()
    client()  # a store that cannot be used is known at once
    around = mlflow.active_run()
    try:
        with store_errors():
            every = environment() | process | dict(tags or {})
            try:
                opened = patiently(mlflow.start_run, run_name=name, nested=nested, tags=every)
            except MlflowException as error:
                raise_deleted(error)
                raise
            run_id: str = opened.info.run_id
            # A run of our own holds none yet, and what another one holds came with it.
            _log_new(run_id, parameters, opened.data.params)
            if not nested:
                if exports:
                    warm_up()
                close_orphans(opened.info.experiment_id)
        yield run_id
        if not nested:
            finish_models()
        check_artifacts(run_id)
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED"
        current = mlflow.active_run()
        if current is not None and current is not around:
            _close(current.info.run_id, status, _line(error))
        if not nested:
            with without_patience():
                drop_models()
            if status == "KILLED":
                stop()
        raise
    with store_errors():
        _end(run_id, "FINISHED")


def _close(run_id: str, status: str, reason: str) -> None:
    """Close a run that did not finish: its reason first, as a kill may come in between."""
    with without_patience():  # the store has had its time, if it was the store
        for _ in range(2):  # a signal may have left the connection unusable for one request
            with _trouble_ignored():
                client().set_tag(run_id, "failure", reason)
                break
        with _trouble_ignored():
            _end(run_id, status)


def _end(run_id: str, status: str) -> None:
    """Close the open run; MLflow has forgotten it when it cannot tell the store at once."""
    try:
        mlflow.end_run(status)
    except MlflowException:
        client().set_terminated(run_id, status)


def _trouble_ignored() -> contextlib.AbstractContextManager[None]:
    """For what is said after an error, which matters more than a store in trouble."""
    return contextlib.suppress(MlflowException, SQLAlchemyError, OSError, ResourceError)


def mark_refused(run_id: str, reason: str) -> None:
    """Mark a run that ``mlflow run`` opened and no recipe took over, since its call was refused.

    It has no kind, so that no recipe takes it for a run of ours.
    """
    with _trouble_ignored():
        client().set_tag(run_id, "failure", reason[:_TEXT])
        client().set_tag(run_id, REFUSED, "true")


def _line(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:_TEXT]


def log_parameters(run_id: str, parameters: Mapping[str, object]) -> None:
    """Log parameters that the run does not hold yet."""
    _log_new(run_id, parameters, client().get_run(run_id).data.params)


def _log_new(run_id: str, parameters: Mapping[str, object], present: Mapping[str, str]) -> None:
    new = [Param(k, str(v)[:_TEXT]) for k, v in parameters.items() if k not in present]
    client().log_batch(run_id, params=new)


def log_tags(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    with store_errors():
        client().log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])


def log_metrics(
    run_id: str, rows: Sequence[tuple[int, Mapping[str, float]]], model_id: str | None = None
) -> None:
    """Write many steps of many metrics in few requests; values that are not finite are left out.

    Rows are pairs of a step and metrics by name (see :func:`leastloss.evaluation.key_of`), perhaps
    of a logged model.
    """
    now = get_current_time_millis()
    metrics = [
        Metric(key_of(name), float(value), now, step, model_id=model_id, run_id=run_id)
        for step, row in rows
        for name, value in row.items()
        if abs(float(value)) < float("inf")
    ]
    with store_errors():
        for start in range(0, len(metrics), _BATCH):
            client().log_batch(run_id, metrics=metrics[start : start + _BATCH])
