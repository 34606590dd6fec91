"""Find the tracked runs that a recipe works on."""

from collections.abc import Sequence
from textwrap import shorten

import click

from leastloss import tracking
from leastloss.errors import InputError, ResourceError
from leastloss.tracking import Run


def source(run_id: str, unfinished: str) -> Run:
    """The run with this id, or whose id begins so."""
    run = tracking.find_run(run_id)
    state = run.info.status
    if state != "FINISHED" and unfinished == "no":
        why = run.data.tags.get("failure", "")
        reason = f" ({shorten(why, 200, placeholder='...')})" if why else ""
        raise ResourceError(
            f"run {run.info.run_id!r} is {state}{reason}; what did not finish is taken only with "
            "unfinished 'yes'"
        )
    return run


def newest(kind: str) -> str:
    """The id of the newest finished run of a kind, over all experiments."""
    where = f"tags.`{tracking.KIND}` = '{kind}' AND attributes.status = 'FINISHED'"
    run = next(tracking.search_each(where), None)
    if run is None:
        raise ResourceError(
            f"there is no finished {kind} run yet; make one with `mlflow run . -e {kind}`"
        )
    return str(run.info.run_id)


def children(run_id: str) -> list[Run]:
    """The finished criterion runs of a prune run, oldest first; prints the others."""
    every = tracking.search(f"tags.`mlflow.parentRunId` = '{run_id}'")[::-1]
    finished = [run for run in every if run.info.status == "FINISHED"]
    open_ = [f"{_method(run)} ({run.info.status})" for run in every if run not in finished]
    if open_:
        click.echo(f"left out, since they did not finish: {', '.join(open_)}", err=True)
    if not finished:
        raise ResourceError(f"run {run_id!r} has no finished criterion run")
    return finished


def _method(run: Run) -> str:
    return str(run.data.params.get("criterion", run.info.run_id))


_NEEDED = ("criterion", "seed", "dense_seed", "granularity", "recovery")


def check_child(run: Run) -> Run:
    """Refuse a run that is tagged as a criterion run and lacks its parameters."""
    lacking = [name for name in _NEEDED if name not in run.data.params]
    if lacking:
        raise ResourceError(
            f"run {run.info.run_id!r} has no parameter {lacking[0]!r}: it is no whole criterion run"
        )
    return run


def runs_of(experiment: str) -> list[Run]:
    """The finished criterion runs of all finished prune runs of an experiment, oldest first."""
    finished = "attributes.status = 'FINISHED'"
    parents = tracking.search(f"tags.`{tracking.KIND}` = 'prune' AND {finished}", experiment)
    if not parents:
        raise InputError(f"experiment {experiment!r} has no finished prune run")
    parent_ids = {run.info.run_id for run in parents}
    pruned = tracking.search(f"tags.`{tracking.KIND}` = 'criterion' AND {finished}", experiment)
    children_of_parents = [
        run for run in pruned[::-1] if run.data.tags.get("mlflow.parentRunId") in parent_ids
    ]
    return [check_child(run) for run in children_of_parents]


def criterion_runs(run_ids: Sequence[str], unfinished: str = "no") -> list[Run]:
    """The criterion runs among these runs and their finished children."""
    chosen: list[Run] = []
    for run_id in run_ids:
        run = source(run_id, unfinished)
        kind = run.data.tags.get(tracking.KIND)
        if kind == "prune":
            chosen += children(run.info.run_id)
        elif kind == "criterion":
            chosen.append(run)
        else:
            raise ResourceError(f"run {run_id!r} is no prune run: nothing in it can be compared")
    return list({run.info.run_id: check_child(run) for run in chosen}.values())
