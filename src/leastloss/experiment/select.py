"""Which tracked runs a recipe works on."""

from collections.abc import Sequence

from leastloss import tracking
from leastloss.errors import InputError, ResourceError
from leastloss.tracking import Run


def newest(kind: str) -> str:
    """The id of the newest finished run of a kind, over all experiments.

    Raises:
        ResourceError: If there is none.
    """
    found = tracking.search(f"tags.`{tracking.KIND}` = '{kind}' AND attributes.status = 'FINISHED'")
    if not found:
        raise ResourceError(
            f"there is no finished {kind} run yet; make one with `mlflow run . -e {kind}`"
        )
    return str(found[0].info.run_id)


def children(run_id: str) -> list[Run]:
    """The finished criterion runs of a prune run, oldest first.

    Raises:
        ResourceError: If it has none.
    """
    where = f"tags.`mlflow.parentRunId` = '{run_id}' AND attributes.status = 'FINISHED'"
    found = tracking.search(where)[::-1]
    if not found:
        raise ResourceError(f"run {run_id!r} has no finished criterion run")
    return found


def runs_of(experiment: str) -> list[Run]:
    """The finished criterion runs of all finished prune runs of an experiment, oldest first.

    Raises:
        InputError: If it has none.
        ResourceError: If there is no such experiment.
    """
    finished = "attributes.status = 'FINISHED'"
    parents = tracking.search(f"tags.`{tracking.KIND}` = 'prune' AND {finished}", experiment)
    if not parents:
        raise InputError(f"experiment {experiment!r} has no finished prune run")
    known = {run.info.run_id for run in parents}
    found = tracking.search(f"tags.`{tracking.KIND}` = 'criterion' AND {finished}", experiment)
    return [run for run in found[::-1] if run.data.tags.get("mlflow.parentRunId") in known]


def criterion_runs(run_ids: Sequence[str]) -> list[Run]:
    """The finished criterion runs among these runs and their children.

    Raises:
        ResourceError: If a run is missing, or is neither a prune run nor a child of one.
    """
    chosen: list[Run] = []
    for run_id in run_ids:
        found = tracking.find_run(run_id)
        kind = found.data.tags.get(tracking.KIND)
        if kind == "prune":
            chosen += children(run_id)
        elif kind == "criterion":
            chosen.append(found)
        else:
            raise ResourceError(f"run {run_id!r} is no prune run: nothing in it can be compared")
    return list({run.info.run_id: run for run in chosen}.values())
