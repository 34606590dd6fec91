"""The trials of a search that finished runs of the tracking store hold, whatever machine ran them.

Where the file of the trials is missing on this machine, they are read back from their runs.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.errors import ResourceError
from leastloss.evaluation import reach_of
from leastloss.experiment.run_names import TABLE
from leastloss.experiment.study.finished_runs import FinishedRuns, cell_key, find, key_of_child
from leastloss.experiment.study.study import Arm, Study
from leastloss.options import parameters

if TYPE_CHECKING:
    from leastloss.experiment.study.arm_search import ArmSearch

_UNKNOWN = "unknown"  # code of before it was noted


def experiment_of(study: Study) -> str:
    """The experiment of a study's trials."""
    return f"{study.section}-search"


def measured(
    tables: Sequence[pd.DataFrame], metric: str, sparsity: float
) -> tuple[float | None, str]:
    """The mean of a metric over the steps of networks, or None and why there is none."""
    values = []
    for table in tables:
        near = table.iloc[int((table["sparsity"] - sparsity).abs().argmin())]
        off = abs(near["sparsity"] - sparsity)
        if off > reach_of(sparsity) + 1e-9 or not isfinite(near[metric]):
            return None, f"no {metric} at {sparsity:g}"
        values.append(float(near[metric]))
    return sum(values) / len(values), ""


class TrialRuns:
    """The finished prune runs of a study's search.

    Args:
        study: The study.
        code: ``same`` or ``any``: whose networks count.
    """

    def __init__(self, study: Study, code: str) -> None:
        self._study, self._code = study, code

    @property
    def codes(self) -> list[str]:
        """The code of trials that count, the present one first; empty: of before it was noted."""
        if self._code == "same":
            return [code_digest()]
        return list(dict.fromkeys([code_digest(), *(code for _, code in self._runs), ""]))

    def catch_up(self, search: "ArmSearch") -> "ArmSearch":
        """Tell a search the trials that it lacks and runs of its code have; returns it."""
        while search.left and self._runs:
            attempt, metric = search.next(), search.search.metric
            if attempt is None or not (tables := self._tables(attempt.arm, search.code, metric)):
                break
            value, _ = measured(tables, metric, search.search.sparsity)
            search.tell(attempt, value)
        return search

    def networks_of_others(self, code: str) -> str:
        """The code that trained the networks, where it is not this one."""
        codes = {self._networks.code.get(run_id) or _UNKNOWN for run_id in self._dense.values()}
        return "+".join(sorted(codes - {code or _UNKNOWN}))

    @cached_property
    def _networks(self) -> FinishedRuns:
        study = replace(self._study, seeds=self._study.searched_seeds, arms=())
        return find(study, self._code)

    @property
    def _dense(self) -> dict[int, str]:
        """Seed -> the network that trials prune."""
        return self._networks.dense

    @cached_property
    def _runs(self) -> dict[tuple[bytes, str], str]:
        """What was pruned, and by which code -> the newest run that did it."""
        runs: dict[tuple[bytes, str], str] = {}
        experiment = experiment_of(self._study)
        if tracking.has_experiment(experiment):
            for run in tracking.outlines("criterion", experiment):
                runs.setdefault((key_of_child(run.params), run.code), run.run_id)
        return runs

    def _tables(self, arm: Arm, code: str, metric: str) -> list[pd.DataFrame]:
        """The steps of a trial's runs; none if one of them is missing."""
        tables = []
        for seed in self._study.searched_seeds:
            dense = self._dense.get(seed, "")
            asked = parameters(arm.config) | parameters(self._study.network(seed))
            run_id = self._runs.get((cell_key(asked, dense, arm.criterion), code))
            if run_id is None:
                return []
            try:
                tables.append(_steps(run_id, metric))
            except ResourceError:  # its file is gone: the trial is run again
                return []
        return tables


def _steps(run_id: str, metric: str) -> pd.DataFrame:
    """Sparsity and a metric of a run's steps, to the last bit: later trials depend on it."""
    with tempfile.TemporaryDirectory() as folder:
        file = tracking.fetch_file(run_id, TABLE, Path(folder))
        try:
            steps = pd.read_csv(file, dtype=str, usecols=["sparsity", metric])
            return steps.map(float)  # pandas itself may miss the last bit
        except ValueError as error:
            raise tracking.damaged(run_id, TABLE, error) from error
