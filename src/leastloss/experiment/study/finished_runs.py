"""The finished runs of a study, which a sweep need not repeat, and their facts."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.environments import commit_of, made_unlike
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
        code: Id of a run -> the digest of the code that made it; empty where it does not say.
        other: Cells that ``any`` code would have and the present one has not.
    """

    study: Study
    dense: dict[int, str] = field(default_factory=dict)
    children: dict[tuple[int, Arm], str] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    other: set[tuple[int, Arm]] = field(default_factory=set)

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


def find(study: Study, code: str = "same") -> FinishedRuns:
    """Find the study's runs in its experiment.

    A run counts if it has the parameters that the sweep would give it; one that it lacks had its
    default. Of several train runs the first counts, with its own prunings only; of several prunings
    the newest.

    Args:
        study: The study.
        code: ``same`` takes runs of the present code alone, ``any`` takes others where a network or
            a cell has none of it.
    """
    finished = FinishedRuns(study=study)
    if not tracking.has_experiment(study.section):
        return finished
    present, takes = code_digest(), (True,) if code == "same" else (True, False)
    # Newest first: of several, the last one that is met is the first one that was made.
    trained = {
        (network_key(r.params), r.code == present): r
        for r in tracking.outlines("train", study.section)
    }
    networks = {seed: parameters(study.network(seed)) for seed in study.seeds}
    prunings = [(arm, parameters(arm.config)) for arm in study.arms]
    wanted: dict[bytes, tuple[tuple[int, Arm], bool]] = {}
    for seed, training in networks.items():
        key = network_key(training)
        for same in (True, False):
            if (run := trained.get((key, same))) is None:
                continue
            if same in takes and seed not in finished.dense:
                finished.dense[seed] = _noted(finished, run)
            for arm, pruning in prunings:
                pruned = cell_key(pruning | training, run.run_id, arm.criterion)
                wanted[pruned] = (seed, arm), seed in finished.dense
            break  # prunings of an older network count for no code
    newest: dict[tuple[bytes, bool], Outline] = {}
    for run in tracking.outlines("criterion", study.section) if wanted else ():
        if (key := key_of_child(run.params)) in wanted:
            newest.setdefault((key, run.code == present), replace(run, params={}))
    for key, (cell, counts) in wanted.items():
        taken = next((run for same in takes if (run := newest.get((key, same)))), None)
        if counts and taken:
            finished.children[cell] = _noted(finished, taken)
    if code == "same":
        made = {wanted[key][0] for key, _ in newest}
        finished.other.update(made.difference(finished.children))
    return finished


def _noted(finished: FinishedRuns, run: Outline) -> str:
    finished.took[run.run_id], finished.code[run.run_id] = run.seconds, run.code
    return run.run_id


def network_key(params: Mapping[str, str]) -> bytes:
    """What makes the networks of two train runs the same."""
    return _key(params, TrainConfig)


def cell_key(params: Mapping[str, str], run_id: str, criterion: str) -> bytes:
    """What makes two prunings of the network of a run by a criterion the same."""
    return _key(params, PruneConfig, run_id, criterion)


def key_of_child(params: Mapping[str, str]) -> bytes:
    """The same from the parameters of a criterion run."""
    criterion = current_label(params.get("criterion", ""))
    return cell_key(params, params.get("run_id", ""), criterion)


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
    if sentence := _several_codes(finished):
        facts["code"] = sentence
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
        f"`{_digest(finished)}` (training, validation and test samples of all seeds)"
    )
    return facts


def _listed(values: Any) -> str:
    """Distinct values, the most frequent first, with their counts if they differ."""
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(value if len(counts) == 1 else f"{value} ({n} runs)" for value, n in counts)


def _several_codes(finished: FinishedRuns) -> str:
    """A sentence where the networks and their prunings are not known to be of one code."""
    ids = [*finished.dense.values(), *finished.children.values()]
    codes = Counter(finished.code.get(run_id, "") for run_id in ids)
    if len(codes) < 2 and "" not in codes:
        return ""
    unknown, known = codes.pop("", 0), _listed(codes.elements())
    words = [f"{unknown} runs do not say of which"] if unknown else []
    head = "The runs come of different code" if known else "The runs may come of different code"
    return f"{head}: {', '.join(filter(None, [known, *words]))}."


def _digest(finished: FinishedRuns) -> str:
    """One digest of the data of all seeds, as their runs recorded them."""
    digests = {}
    for (seed, _), run in finished.runs.items():
        splits = run.inputs.dataset_inputs if run.inputs else []
        digests[seed] = sorted(f"{split.dataset.name}:{split.dataset.digest}" for split in splits)
    if not all(digests.values()):
        return "unknown"
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()[:16]
