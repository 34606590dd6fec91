"""The finished runs of a study, which a sweep need not repeat, and their facts."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from leastloss import tracking
from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.criterion_run import commit_of
from leastloss.experiment.environments import made_unlike
from leastloss.experiment.study.search_report import search_facts
from leastloss.experiment.study.study import Arm, Study
from leastloss.options import defaults, fields_of, parameters, settings
from leastloss.tracking import Run

_CPU = f"{tracking.HARDWARE}cpu"
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
    """
    finished = FinishedRuns(study=study)
    if not tracking.has_experiment(study.section):
        return finished
    # Newest first: of several, the last one that is met is the first one that was made.
    trained = {_key(r.data.params, TrainConfig): r.info.run_id for r in _runs(study, "train")}
    for seed in study.seeds:
        run_id = trained.get(_key(parameters(study.network(seed)), TrainConfig))
        if run_id:
            finished.dense[seed] = run_id
    wanted: dict[tuple[str, str, _Key], tuple[int, Arm]] = {}
    for seed, run_id in finished.dense.items():
        training = parameters(study.network(seed))
        for arm in study.arms:
            asked = _key(parameters(arm.config) | training, PruneConfig)
            wanted[run_id, arm.criterion, asked] = seed, arm
    newest: dict[tuple[int, Arm], Run] = {}
    for run in _runs(study, "criterion") if wanted else ():
        params = run.data.params
        criterion = current_label(params.get("criterion", ""))
        cell = wanted.get((params.get("run_id", ""), criterion, _key(params, PruneConfig)))
        if cell is not None:
            newest.setdefault(cell, run)
    finished.children.update({cell: newest[cell] for cell in wanted.values() if cell in newest})
    return finished


def _runs(study: Study, kind: str) -> Iterator[Run]:
    """The finished runs of a kind in the study's experiment, newest first."""
    where = f"tags.`{tracking.KIND}` = '{kind}' AND attributes.status = 'FINISHED'"
    return tracking.search_each(where, study.section)


def _key(params: Mapping[str, str], config: type[TrainConfig]) -> _Key:
    """The parameters on which the measurements of a run depend."""
    names = fields_of(config, but=("runs", "criteria", "keep", "place"))
    return frozenset(settings(config, params, names).items())


def facts_of(finished: FinishedRuns, command: str) -> dict[str, str]:
    """The facts that a reader needs to trust and to reproduce the numbers."""
    study, runs = finished.study, list(finished.children.values())
    total = len(study.seeds) * len(study.arms)
    seeds = sorted({seed for seed, _ in finished.children})
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
    for (_, arm), run in finished.children.items():
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
    for (seed, _), run in finished.children.items():
        splits = run.inputs.dataset_inputs if run.inputs else []
        digests[seed] = sorted(f"{split.dataset.name}:{split.dataset.digest}" for split in splits)
    if not all(digests.values()):
        return "unknown"
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()[:16]
