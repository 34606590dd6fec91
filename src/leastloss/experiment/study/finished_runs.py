"""Which runs of a study are finished: what a sweep need not do again, and what is published."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leastloss import tracking
from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig, TrainConfig, parameters
from leastloss.experiment.study.study import Arm, Study
from leastloss.tracking import Run

IGNORED = ("run_id", "unfinished", "criteria", "controls", "data_dir", "artifacts")
"""Parameters that change nothing in what a run measures."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The finished runs of a study.

    Attributes:
        study: The study.
        dense: Seed -> run that trained its network.
        children: Seed and arm -> run that pruned it so.
    """

    study: Study
    dense: dict[int, str] = field(default_factory=dict)
    children: dict[tuple[int, Arm], Run] = field(default_factory=dict)

    def missing(self, seed: int) -> list[Arm]:
        """The arms that no run of this seed holds."""
        return [arm for arm in self.study.arms if (seed, arm) not in self.children]


def find(study: Study) -> Found:
    """Look for the study's runs in its experiment.

    A run counts if its parameters are those that the sweep would give it; a parameter that it does
    not hold had its default value. Of several train runs the first counts, and only prunings of
    that one; of several prunings the newest.

    Raises:
        ResourceError: If the experiment was deleted or the store fails.
    """
    found = Found(study=study)
    if not tracking.has_experiment(study.section):
        return found
    trained = {_key(r.data.params, TrainConfig()): r.info.run_id for r in _runs(study, "train")}
    for seed in study.seeds:
        run_id = trained.get(_key(parameters(study.network(seed)), TrainConfig()))
        if run_id:
            found.dense[seed] = run_id
    made: dict[tuple[str, str, frozenset[tuple[str, str]]], Run] = {}
    for run in reversed(_runs(study, "criterion")):
        given = run.data.params
        criterion = current_label(given.get("criterion", ""))
        key = (given.get("run_id", ""), criterion, _key(given, PruneConfig()))
        made[key] = run
    for seed, run_id in found.dense.items():
        network = parameters(study.network(seed))
        for arm in study.arms:
            key = (run_id, arm.criterion, _key(parameters(arm.config) | network, PruneConfig()))
            if key in made:
                found.children[seed, arm] = made[key]
    return found


def _runs(study: Study, kind: str) -> list[Run]:
    """The finished runs of a kind in the study's experiment, newest first."""
    where = f"tags.`{tracking.KIND}` = '{kind}' AND attributes.status = 'FINISHED'"
    return tracking.search(where, study.section)


def _key(given: Mapping[str, str], config: TrainConfig) -> frozenset[tuple[str, str]]:
    """All that a run measures depends on, from its parameters."""
    # Where the sparsities are given one by one, these follow from them.
    ignored = (*IGNORED, *(("to_sparsity", "steps") if given.get("sparsities") else ()))
    known = parameters(config).items()
    return frozenset((k, given.get(k, default)) for k, default in known if k not in ignored)
