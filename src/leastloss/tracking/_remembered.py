"""Outlines of a server's runs, asked for once: a server hands out whole runs alone.

A run takes a server a hundredth of a second, so ten thousand take minutes. Finished runs do not
change: those that were read once are kept, and the server is asked for newer ones, for those that
were deleted, and for how many there are; where that does not agree, for all of them.
"""

from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from mlflow.utils.search_utils import SearchUtils

from leastloss.tracking._find import find_experiment, search_each
from leastloss.tracking._kept_rows import (
    Row,
    Rows,
    keep_locally,
    local_rows,
    share_rows,
    shared_rows,
)
from leastloss.tracking._process import CODE
from leastloss.tracking._store import client

_MARGIN = 60_000  # milliseconds by which the clocks of machines may differ
_MANY = 100  # runs that take longer to read than what another machine has kept of them
_TRIES = 2  # more runs may end while they are counted


def remembered(where: str, experiment: str) -> Rows:
    """The finished runs that a filter finds in an experiment, newest first: id -> what is kept.

    Raises:
        ResourceError: If there is no such experiment, or the store fails.
    """
    entity = find_experiment(experiment)
    mine = before = local_rows(where, entity)
    if _page(where, entity, len(mine) + _MANY):
        before = max(mine, shared_rows(where, entity), key=len)
    rows, there = before, None
    for _ in range(_TRIES if before else 0):
        rows = rows | _newer(where, experiment, rows)
        deleted = {run.info.run_id for run in search_each(where, experiment, deleted=True)}
        there = {run_id: row for run_id, row in rows.items() if run_id not in deleted}
        if _counted(where, entity, len(there)):
            break
        there = None
    if read_anew := there is None:  # the first time, or some were removed for good
        rows = there = {run.info.run_id: row_of(run) for run in search_each(where, experiment)}
    if rows != mine:
        keep_locally(where, entity, rows)
    if (read_anew and len(rows) >= _MANY) or len(rows) // _MANY > len(before) // _MANY:
        share_rows(where, entity, rows)
    return dict(sorted(there.items(), key=lambda item: (-item[1][0], item[0])))


def read_on(where: str, experiment: str) -> None:
    """Keep what has ended since runs were last read; nothing is counted, as more may end meanwhile.

    Raises:
        ResourceError: As :func:`remembered`.
    """
    entity = find_experiment(experiment)
    before = local_rows(where, entity)
    rows = before | _newer(where, experiment, before)
    if rows != before:
        keep_locally(where, entity, rows)
    if len(rows) // _MANY > len(before) // _MANY:
        share_rows(where, entity, rows)


def _newer(where: str, experiment: str, rows: Rows) -> Rows:
    """Those that ended after all of these."""
    since = max((ended for _, ended, *_ in rows.values()), default=_MARGIN) - _MARGIN
    newer = search_each(f"{where} AND attributes.end_time > {since}", experiment)
    return {run.info.run_id: row_of(run) for run in newer}


def row_of(run: Run) -> Row:
    """What is kept of a run."""
    began, ended = run.info.start_time or 0, run.info.end_time or 0
    return began, ended, run.data.tags.get(CODE, ""), run.data.params


def _counted(where: str, experiment: Experiment, count: int) -> bool:
    """Whether so many runs are there: the last one is, and none follows it."""
    if _page(where, experiment, count) != 0:
        return False
    return count == 0 or _page(where, experiment, count - 1) == 1


def _page(where: str, experiment: Experiment, offset: int) -> int:
    """How many of one run after so many others are there; -1 of a server with other tokens."""
    token = SearchUtils.create_page_token(offset) if offset else None
    try:
        return len(client().search_runs([experiment.experiment_id], where, 1, 1, None, token))
    except MlflowException:
        return -1
