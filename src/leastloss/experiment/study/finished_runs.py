"""The finished runs of a study, which a sweep need not repeat and publishes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from leastloss import tracking
from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.study.study import Arm, Study
from leastloss.options import fields_of, parameters, settings
from leastloss.tracking import Run

_Key: TypeAlias = frozenset[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class FinishedRuns:
    """The finished runs of a study.

    Attributes:
        study: The study.
        dense: Seed -> run that trained its network.
        children: Seed and arm -> the criterion run.
    """

    study: Study
    dense: dict[int, str] = field(default_factory=dict)
    children: dict[tuple[int, Arm], Run] = field(default_factory=dict)

    def missing(self, seed: int) -> list[Arm]:
        """The arms of a seed without a finished run."""
        return [arm for arm in self.study.arms if (seed, arm) not in self.children]


def find(study: Study) -> FinishedRuns:
    """Find the study's runs in its experiment.

    A run counts if it has the parameters that the sweep would give it; one that it lacks had its
    default. Of several train runs the first counts, with its own prunings only; of several prunings
    the newest.

    Raises:
        ResourceError: If the experiment was deleted or the store fails.
    """
    finished = FinishedRuns(study=study)
    if not tracking.has_experiment(study.section):
        return finished
    trained = {_key(r.data.params, TrainConfig): r.info.run_id for r in _runs(study, "train")}
    for seed in study.seeds:
        run_id = trained.get(_key(parameters(study.network(seed)), TrainConfig))
        if run_id:
            finished.dense[seed] = run_id
    newest: dict[tuple[str, str, _Key], Run] = {}
    for run in reversed(_runs(study, "criterion")):
        params = run.data.params
        criterion = current_label(params.get("criterion", ""))
        newest[params.get("run_id", ""), criterion, _key(params, PruneConfig)] = run
    for seed, run_id in finished.dense.items():
        training = parameters(study.network(seed))
        for arm in study.arms:
            asked = _key(parameters(arm.config) | training, PruneConfig)
            if (run_id, arm.criterion, asked) in newest:
                finished.children[seed, arm] = newest[run_id, arm.criterion, asked]
    return finished


def _runs(study: Study, kind: str) -> list[Run]:
    """The finished runs of a kind in the study's experiment, newest first."""
    where = f"tags.`{tracking.KIND}` = '{kind}' AND attributes.status = 'FINISHED'"
    return tracking.search(where, study.section)


def _key(params: Mapping[str, str], config: type[TrainConfig]) -> _Key:
    """The parameters on which the measurements of a run depend."""
    names = fields_of(config, but=("runs", "criteria", "keep", "place"))
    return frozenset(settings(config, params, names).items())
