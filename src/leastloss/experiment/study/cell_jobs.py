"""What the workers of a sweep do: train a network, prune it, and neither twice.

A job goes to another worker when its own is lost; what the lost one had finished stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.errors import ResourceError
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.prune_run.prune import prune
from leastloss.experiment.study.finished_runs import cell_key, key_of_child, network_key
from leastloss.experiment.study.study import Arm
from leastloss.experiment.train import train
from leastloss.options import parameters
from leastloss.tracking import Run


def train_once(config: TrainConfig, section: str, code: str) -> str:
    """Train a network unless a run of the present code has; returns the id of the run.

    Raises:
        ResourceError: If the worker has other code than the sweep, whose digest is given.
    """
    check_code(code)
    key = network_key(parameters(config))
    runs = _finished(f"tags.`{tracking.KIND}` = 'train' AND params.seed = '{config.seed}'", section)
    there = [run.info.run_id for run in runs if network_key(run.data.params) == key]
    return there[-1] if there else train(config).run_id


def prune_missing(config: PruneConfig, arms: Sequence[Arm], section: str, code: str) -> None:
    """Prune a network by those of a call's arms that no run of the present code has finished.

    Finished ones lend those that are left their layer ratios.

    Raises:
        ResourceError: If the worker has other code than the sweep, whose digest is given.
    """
    check_code(code)
    where = f"tags.`{tracking.KIND}` = 'criterion' AND params.run_id = '{config.run_id}'"
    there = dict[bytes, str]()
    for run in _finished(where, section):
        there.setdefault(key_of_child(run.data.params), run.info.run_id)
    asked = parameters(config)
    keys = {arm: cell_key(asked, config.run_id, arm.criterion) for arm in arms}
    left = [arm for arm in arms if keys[arm] not in there]
    if not left:
        return
    needed = with_leaders(arms, left)
    finished = {arm.criterion: there[keys[arm]] for arm in needed if arm not in left}
    prune(replace(config, criteria=",".join(arm.spec for arm in needed)), finished)


def with_leaders(call: Iterable[Arm], wanted: Iterable[Arm]) -> list[Arm]:
    """The wanted arms of a call, and those whose layer ratios they take.

    A criterion may take them from another one of the same prune run: a@b@c needs b@c, and that
    needs c.
    """
    labels = {arm.criterion for arm in wanted}
    return [a for a in call if any(f"@{label}".endswith(f"@{a.criterion}") for label in labels)]


def check_code(code: str) -> None:
    """Refuse work that the sweep would not count."""
    if code != code_digest():
        raise ResourceError(
            f"this worker has other code ({code_digest()}) than the sweep ({code}): it was changed "
            "since the sweep began, or Leastloss or Python are of another version there"
        )


def _finished(where: str, section: str) -> list[Run]:
    """Newest first."""
    every = tracking.search_each(f"{where} AND attributes.status = 'FINISHED'", section)
    return [run for run in every if run.data.tags.get(tracking.CODE) == code_digest()]
