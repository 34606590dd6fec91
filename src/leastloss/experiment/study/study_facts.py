"""The facts of a study: settings, seeds, commit, versions, digest of the data."""

import hashlib
from collections import Counter
from typing import Any

from leastloss.experiment.config import PruneConfig
from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.options import defaults, fields_of, parameters


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
        if key not in study.varied() and (settings[key] != usual[key] or key in always)
    ]
    facts = {"command": f"`{command}`"}
    facts["settings"] = ", ".join(differing) + (
        "; seed i trains on stratified subset i" if study.replicates else ""
    )
    facts["seeds"] = f"{len(seeds)} ({', '.join(map(str, seeds))}), {len(runs)} prune runs"
    if len(runs) < total:
        facts["incomplete"] = f"{total - len(runs)} of {total} prune runs are missing"
    facts["commit"] = _listed(
        run.data.tags.get("git.commit", "unknown")[:10]
        + (" with changes" if run.data.tags.get("git.dirty") == "true" else "")
        for run in runs
    )
    for package in ("python", "torch", "numpy", "leastloss"):
        facts[package] = _listed(r.data.tags.get(f"version.{package}", "unknown") for r in runs)
    versions = ", ".join(f"{p} {facts.pop(p)}" for p in ("leastloss", "python", "torch", "numpy"))
    facts["versions"] = versions
    facts["device"] = _listed(run.data.tags.get("device", "unknown") for run in runs)
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
