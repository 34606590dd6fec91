"""Runs in the experiment of a study that do not count: lost machines left them, or data changed."""

import time
from collections.abc import Mapping
from pathlib import PurePath

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.data import own_name
from leastloss.errors import ResourceError
from leastloss.experiment.dense import same_data
from leastloss.experiment.study.finished_runs import (
    FinishedRuns,
    cell_key,
    key_of_child,
    network_key,
)
from leastloss.experiment.train import data_of
from leastloss.options import names, parameters
from leastloss.tracking import Run

_HOUR = 3_600_000  # milliseconds; the clocks of machines differ by less


def close_lost(finished: FinishedRuns, asked: Mapping[str, str]) -> None:
    """Close the open runs of other machines whose work other runs have finished, as FAILED.

    A run says nothing while it works, so no other machine can know whether its process lives. But
    a run whose cells others have finished, by the same code, is needed no more. Neither is a sweep
    that was asked for the same, where nothing of the study is missing, nor a run that after an hour
    has no parameters, which it gets as it begins. One that is alive all the same goes on, and is
    FINISHED when it ends. Open runs of this machine are closed where their process is gone.

    Args:
        finished: What there is of the study.
        asked: The parameters of this sweep.

    Raises:
        ResourceError: If the tracking store fails.
    """
    section = finished.study.section
    tracking.ensure_experiment(section)  # which closes those of this machine
    done = _work_done(finished)
    labels = {arm.spec: arm.criterion for arm in finished.study.arms}
    complete = not any(finished.missing(seed) for seed in finished.study.seeds)
    for run in list(tracking.search_each("attributes.status = 'RUNNING'", section)):
        code = run.data.tags.get(tracking.CODE, "")
        by = [done.get((key, code), "") for key in _work_of(run, labels)]
        if by and all(by):
            tracking.close_lost(run, f"run {by[-1]} has finished what this one was to do")
        elif complete and code == code_digest() and _same_sweep(run, asked):
            tracking.close_lost(run, "other runs have finished what this one was to do")
        elif tracking.KIND in run.data.tags and not run.data.params and _begun_long_ago(run):
            tracking.close_lost(run, "it ended before it was given its parameters")


def _same_sweep(run: Run, asked: Mapping[str, str]) -> bool:
    """Whether a run is a sweep of the same file, wherever that lies, and the same values."""
    if run.data.tags.get(tracking.KIND) != "sweep":
        return False
    params = run.data.params
    same = [params.get(key, "") == asked[key] for key in ("sections", "seeds", "override", "code")]
    return all(same) and PurePath(params.get("file", "")).name == PurePath(asked["file"]).name


def _begun_long_ago(run: Run) -> bool:
    begun: int = run.info.start_time
    return time.time() * 1000 - begun > _HOUR


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


def check_data(finished: FinishedRuns) -> None:
    """Refuse networks that were trained on other data of the same name.

    Runs are found by their parameters, and a user's own file may have changed under its name. The
    named data sets are verified when they are read.

    Raises:
        ResourceError: If the data of a network are not those that are there now.
    """
    study = finished.study
    for seed, run_id in finished.dense.items():
        config = study.network(seed)
        if own_name(config.dataset) is None:
            return
        try:
            same_data(run_id, data_of(config))
        except ResourceError as error:
            raise ResourceError(
                f"{error}; delete the runs of experiment {study.section!r}, or bring the data back"
            ) from error
