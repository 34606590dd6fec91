"""Outlines of a server's runs, kept on this machine: a server hands out whole runs alone.

A run takes a server a hundredth of a second, so ten thousand take minutes. Finished runs do not
change: those that were read once are read from a file, and the server is asked for newer ones, for
those that were deleted, and for how many there are; where that does not agree, for all of them.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from mlflow.utils.search_utils import SearchUtils

from leastloss.tracking._find import find_experiment, search_each
from leastloss.tracking._process import CODE
from leastloss.tracking._store import client, store_name
from leastloss.whole_files import written_whole

_MARGIN = 60_000  # milliseconds by which the clocks of machines may differ

Row = tuple[int, int, str, dict[str, str]]
"""When a run began and ended, in milliseconds since 1970, its code and its parameters."""


def remembered(where: str, experiment: str) -> dict[str, Row]:
    """The finished runs that a filter finds in an experiment, newest first: id -> what is kept.

    Args:
        where: The filter.
        experiment: Name of the experiment.

    Raises:
        ResourceError: If there is no such experiment, or the store fails.
    """
    entity = find_experiment(experiment)
    file = _file(where, entity)
    before = _read(file)
    since = max((ended for _, ended, *_ in before.values()), default=0) - _MARGIN
    newer = search_each(
        f"{where} AND attributes.end_time > {since}" if before else where, experiment
    )
    rows = before | {run.info.run_id: _row(run) for run in newer}
    there = rows
    if before:
        deleted = {run.info.run_id for run in search_each(where, experiment, deleted=True)}
        there = {run_id: row for run_id, row in rows.items() if run_id not in deleted}
        if not _counted(where, entity, len(there)):  # some were removed for good
            rows = there = {r.info.run_id: _row(r) for r in search_each(where, experiment)}
    if rows != before:
        with contextlib.suppress(OSError):  # then they are read from the server again
            file.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(file) as place:
                place.write_text(json.dumps(rows), encoding="utf-8")
    return dict(sorted(there.items(), key=lambda item: (-item[1][0], item[0])))


def _row(run: Run) -> Row:
    began, ended = run.info.start_time or 0, run.info.end_time or 0
    return began, ended, run.data.tags.get(CODE, ""), run.data.params


def _counted(where: str, experiment: Experiment, count: int) -> bool:
    """Whether so many runs are there: the last one is, and none follows it."""

    def page(offset: int) -> int:
        token = SearchUtils.create_page_token(offset) if offset else None
        ids = [experiment.experiment_id]
        return len(client().search_runs(ids, where, max_results=1, page_token=token))

    try:
        return not page(count) and (count == 0 or page(count - 1) == 1)
    except MlflowException:  # of a server with other tokens
        return False


def _file(where: str, experiment: Experiment) -> Path:
    """Where the outlines of this store, experiment and filter are kept."""
    key = (store_name(), experiment.experiment_id, experiment.creation_time, where)
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "leastloss" / f"runs-{name}.json"


def _read(file: Path) -> dict[str, Row]:
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return {run_id: (int(a), int(b), str(c), dict(d)) for run_id, (a, b, c, d) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # none yet, or no file of ours
        return {}
