"""Runs that a lost machine left open, in the experiment of a study."""

from collections.abc import Mapping

from leastloss import tracking
from leastloss.experiment.study.finished_runs import (
    FinishedRuns,
    cell_key,
    key_of_child,
    network_key,
)
from leastloss.options import names, parameters
from leastloss.tracking import Run


def close_lost(finished: FinishedRuns) -> None:
    """Close the open runs of other machines whose work other runs have finished, as FAILED.

    A run says nothing while it works, so no other machine can know whether its process lives. But
    a run whose cells others have finished, by the same code, is needed no more. If it does live, it
    goes on, and is FINISHED when it ends. Open runs of this machine are closed where their process
    is gone.

    Raises:
        ResourceError: If the tracking store fails.
    """
    section = finished.study.section
    tracking.ensure_experiment(section)  # which closes those of this machine
    done = _work_done(finished)
    labels = {arm.spec: arm.criterion for arm in finished.study.arms}
    for run in list(tracking.search_each("attributes.status = 'RUNNING'", section)):
        code = run.data.tags.get(tracking.CODE, "")
        by = [done.get((key, code), "") for key in _work_of(run, labels)]
        if by and all(by):
            tracking.close_lost(run, f"run {by[-1]} has finished what this one was to do")


def _work_done(finished: FinishedRuns) -> dict[tuple[bytes, str], str]:
    """What is trained and pruned, and by which code -> the run that did it."""
    networks = {seed: parameters(finished.study.network(seed)) for seed in finished.dense}
    keys = {network_key(networks[seed]): run_id for seed, run_id in finished.dense.items()}
    for (seed, arm), run_id in finished.children.items():
        if seed in networks:
            asked = parameters(arm.config) | networks[seed]
            keys[cell_key(asked, finished.dense[seed], arm.criterion)] = run_id
    return {(key, finished.code.get(run_id, "")): run_id for key, run_id in keys.items()}


def _work_of(run: Run, labels: Mapping[str, str]) -> list[bytes]:
    """What a run was to train or to prune; a prune run all that its children were to."""
    kind, params = run.data.tags.get(tracking.KIND), run.data.params
    if kind == "train":
        return [network_key(params)]
    if kind == "criterion":
        return [key_of_child(params)]
    specs = names(params.get("criteria", "")) if kind == "prune" else []
    return [key_of_child(params | {"criterion": labels.get(spec, spec)}) for spec in specs]
