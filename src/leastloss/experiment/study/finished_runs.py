"""The finished runs of a study, which a sweep need not repeat, and their facts."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from leastloss import tracking
from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.criterion_run import commit_of
from leastloss.experiment.environments import made_unlike
from leastloss.experiment.study.search_report import search_facts
from leastloss.experiment.study.study import Arm, Study
from leastloss.options import defaults, fields_of, parameters, settings
from leastloss.tracking import Outline, Run

_CPU = f"{tracking.HARDWARE}cpu"


@dataclass(frozen=True, kw_only=True)
class FinishedRuns:
    """The finished runs of a study.

    Attributes:
        study: The study.
        dense: Seed -> run that trained its network.
        children: Seed and arm -> the criterion run.
        took: Id of a run -> how many seconds it took.
    """

    study: Study
    dense: dict[int, str] = field(default_factory=dict)
    children: dict[tuple[int, Arm], str] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def missing(self, seed: int) -> list[Arm]:
        """The arms of a seed without a finished run."""
        return [arm for arm in self.study.arms if (seed, arm) not in self.children]

    @cached_property
    def runs(self) -> dict[tuple[int, Arm], Run]:
        """Seed and arm -> the whole criterion run, read from the store once."""
        cells = {run_id: cell for cell, run_id in self.children.items()}
        where = f"tags.`{tracking.KIND}` = 'criterion' AND attributes.status = 'FINISHED'"
        every = tracking.search_each(where, self.study.section) if cells else ()
        runs = {cells[run.info.run_id]: run for run in every if run.info.run_id in cells}
        return {cell: runs[cell] for cell in self.children if cell in runs}


def find(study: Study) -> FinishedRuns:
    """Find the study's runs in its experiment.

    A run counts if it has the parameters that the sweep would give it; one that it lacks had its
    default. Of several train runs the first counts, with its own prunings only; of several prunings
    the newest.
    """
    finished = FinishedRuns(study=study)
    if not tracking.has_experiment(study.section):
        return finished
    # Newest first: of several, the last one that is met is the first one that was made.
    trained = {_key(r.params, TrainConfig): r for r in tracking.outlines("train", study.section)}
    networks = {seed: parameters(study.network(seed)) for seed in study.seeds}
    for seed, training in networks.items():
        if run := trained.get(_key(training, TrainConfig)):
            finished.dense[seed] = run.run_id
            finished.took[run.run_id] = run.seconds
    prunings = [(arm, parameters(arm.config)) for arm in study.arms]
    wanted: dict[bytes, tuple[int, Arm]] = {}
    for seed, run_id in finished.dense.items():
        for arm, pruning in prunings:
            asked = pruning | networks[seed]
            wanted[_key(asked, PruneConfig, run_id, arm.criterion)] = seed, arm
    newest: dict[bytes, Outline] = {}
    for run in tracking.outlines("criterion", study.section) if wanted else ():
        criterion = current_label(run.params.get("criterion", ""))
        key = _key(run.params, PruneConfig, run.params.get("run_id", ""), criterion)
        if key in wanted:
            newest.setdefault(key, Outline(run_id=run.run_id, seconds=run.seconds, params={}))
    for key, cell in wanted.items():
        if run := newest.get(key):
            finished.children[cell] = run.run_id
            finished.took[run.run_id] = run.seconds
    return finished


def _key(params: Mapping[str, str], config: Any, *more: str) -> bytes:
    """A digest of the parameters on which the measurements of a run depend, and of more texts."""
    values = settings(config, params, _names(config)).values()
    return hashlib.sha256(repr((*more, *values)).encode()).digest()


@cache  # runs by the thousand ask for them
def _names(config: Any) -> tuple[str, ...]:
    return tuple(fields_of(config, but=("runs", "criteria", "keep", "place")))


def facts_of(finished: FinishedRuns, command: str) -> dict[str, str]:
    """The facts that a reader needs to trust and to reproduce the numbers."""
    study, runs = finished.study, list(finished.runs.values())
    total = len(study.seeds) * len(study.arms)
    seeds = sorted({seed for seed, _ in finished.runs})
    settings, usual = parameters(study.arms[0].config), defaults(PruneConfig)
    always = fields_of(PruneConfig, mark="always")
    differing = [
        f"{key} {settings[key]}"
        for key in fields_of(PruneConfig, but=("runs", "criteria", "place"), unmarked="repeats")
        if key not in study.varied()
        and (settings[key] != usual[key] or (key in always and settings[key]))
    ]
    facts = {"command": f"`{command}`"}
    facts["settings"] = ", ".join(differing) + (
        "; seed i trains on stratified subset i" if study.replicates else ""
    )
    facts |= search_facts(study)
    facts["seeds"] = f"{len(seeds)} ({', '.join(map(str, seeds))}), {len(runs)} prune runs"
    if len(runs) < total:
        facts["incomplete"] = f"{total - len(runs)} of {total} prune runs are missing"
    facts["commit"] = _listed(map(commit_of, runs))
    for package in ("python", "torch", "numpy", "leastloss"):
        facts[package] = _listed(r.data.tags.get(f"version.{package}", "unknown") for r in runs)
    versions = ", ".join(f"{p} {facts.pop(p)}" for p in ("leastloss", "python", "torch", "numpy"))
    facts["versions"] = versions
    facts["device"] = _listed(run.data.tags.get("device", "unknown") for run in runs)
    if cpus := [run.data.tags[_CPU] for run in runs if _CPU in run.data.tags]:
        facts["processor"] = _listed(cpus)
    of_methods: dict[str, list[Run]] = {}
    for (_, arm), run in finished.runs.items():
        of_methods.setdefault(study.method(arm), []).append(run)
    if unlike := made_unlike(of_methods):
        facts["not made alike"] = unlike[0]
    facts["data digest"] = (
        f"`{_digest(finished)}` (training, validation and test images of all seeds)"
    )
    return facts


def _listed(values: Any) -> str:
    """Distinct values, the most frequent first, with their counts if they differ."""
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(value if len(counts) == 1 else f"{value} ({n} runs)" for value, n in counts)


def _digest(finished: FinishedRuns) -> str:
    """One digest of the data of all seeds, as their runs recorded them."""
    digests = {}
    for (seed, _), run in finished.runs.items():
        splits = run.inputs.dataset_inputs if run.inputs else []
        digests[seed] = sorted(f"{split.dataset.name}:{split.dataset.digest}" for split in splits)
    if not all(digests.values()):
        return "unknown"
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()[:16]
