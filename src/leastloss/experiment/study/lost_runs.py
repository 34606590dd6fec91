"""Runs that a lost machine left open, in the experiment of a study."""

from leastloss import tracking
from leastloss.experiment.study.finished_runs import (
    FinishedRuns,
    cell_key,
    key_of_child,
    network_key,
)
from leastloss.options import parameters
from leastloss.tracking import Run


def close_lost(finished: FinishedRuns) -> None:
    """Close the open runs of other machines whose work another run has finished, as FAILED.

    A run says nothing while it works, so no other machine can know whether its process lives. But
    a run whose cell another one has finished is needed no more. If it does live, it goes on, and is
    FINISHED when it ends. Open runs of this machine are closed where their process is gone.

    Raises:
        ResourceError: If the tracking store fails.
    """
    section = finished.study.section
    tracking.ensure_experiment(section)  # which closes those of this machine
    for run in list(tracking.search_each("attributes.status = 'RUNNING'", section)):
        if by := _finished_by(run, finished):
            tracking.close_lost(run, f"run {by} has finished what this one was to do")


def _finished_by(run: Run, finished: FinishedRuns) -> str:
    """The run that has finished a run's work; empty if none has."""
    study, kind, params = finished.study, run.data.tags.get(tracking.KIND), run.data.params
    if kind == "train":
        key = network_key(params)
        its = (s for s in finished.dense if network_key(parameters(study.network(s))) == key)
        return finished.dense.get(next(its, -1), "")
    seed = {run_id: seed for seed, run_id in finished.dense.items()}.get(params.get("run_id", ""))
    if seed is None:
        return ""
    if kind == "prune" and not finished.missing(seed):
        return finished.children[seed, study.arms[-1]]
    network, key = parameters(study.network(seed)), key_of_child(params)
    for arm in study.arms if kind == "criterion" else ():
        asked = parameters(arm.config) | network
        if cell_key(asked, finished.dense[seed], arm.criterion) == key:
            return finished.children.get((seed, arm), "")
    return ""
