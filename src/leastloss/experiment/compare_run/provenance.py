"""Where the numbers of a page come from: settings, versions, data, runs, and their remarks."""

from collections.abc import Iterable, Sequence

from leastloss.controls import CONTROLS_OF, METHODS
from leastloss.criteria import current_label
from leastloss.experiment.compare_run.pairing import class_names, digests
from leastloss.experiment.compare_run.runs_table import Compared
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.environments import commit_of, environment_keys, short
from leastloss.experiment.run_names import REMARKS, short_name
from leastloss.options import Group, fields_of, names, settings
from leastloss.report import Cell, Grid
from leastloss.tracking import Run


def title_of(runs: Sequence[Run]) -> str:
    """Data and network, in a few words."""
    params = runs[0].data.params
    profile = "" if params["imbalance"] == "none" else f" ({params['imbalance']} imbalance)"
    network = f"{params['model']} {params['hidden'].replace(',', '-')}"
    return f"{short_name(params['dataset'])}{profile}, {network}"


def class_names_of(runs: Sequence[Run]) -> tuple[str, ...]:
    """What the classes are called, where all runs say so and agree; else empty."""
    every = {class_names(run) for run in runs}
    return every.pop() if len(every) == 1 else ()


def facts_of_runs(compared: Compared) -> dict[str, object]:
    """Settings, commit, versions and device, as the runs recorded them."""
    runs = compared.all_runs
    groups: tuple[Group, ...] = ("data", "model", "training", "schedule", "repair")
    names = fields_of(PruneConfig, *groups, unmarked="repeats")
    settings_of = [settings(PruneConfig, run.data.params, names) for run in runs]
    facts: dict[str, object] = {}
    for key in names:
        if values := sorted({values_of_run[key] for values_of_run in settings_of} - {""}):
            facts[key] = ", ".join(values)
    seeds = sorted(set(compared.table["seed"].astype(str)), key=lambda text: (len(text), text))
    if called := class_names_of(runs):
        facts["classes"] = ", ".join(f"{label} {name}" for label, name in enumerate(called))
    facts["seeds"] = ", ".join(seeds)
    facts["runs"] = len(runs)
    facts["commit"] = _listed(map(commit_of, runs))
    for key in environment_keys(runs):
        facts[short(key)] = _listed(run.data.tags.get(key, "unknown") for run in runs)
    return facts


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def tables_of_runs(compared: Compared) -> list[Grid]:
    """Two tables: the digests of the data by seed, and the ids of all runs."""
    data: dict[str, dict[str, str]] = {}
    ids: dict[str, dict[str, list[str]]] = {}
    for label, runs in compared.runs.items():
        for run in runs:
            seed = run.data.params["dense_seed"]
            data.setdefault(seed, {}).update(digests(run))
            ids.setdefault(label, {}).setdefault(seed, []).append(run.info.run_id)
    seeds = sorted(data, key=lambda text: (len(text), text))
    splits = list(dict.fromkeys(name for seed in seeds for name in data[seed]))
    grids = []
    if splits:
        rows = {seed: [Cell(value=data[seed].get(name, "–")) for name in splits] for seed in seeds}
        caption = "Data: the first 16 digits of each split's SHA-256"
        grids.append(Grid(caption=caption, first="seed", head=splits, rows=rows, folded=True))
    rows = {
        label: [
            Cell(value=", ".join(f"{s}: {' '.join(of.get(s, ['–']))}" for s in seeds), left=True)
        ]
        for label, of in ids.items()
    }
    grids.append(Grid(caption="Ids of the runs", head=["seed: id"], rows=rows, folded=True))
    return grids


def controls_of_runs(compared: Compared) -> dict[str, str]:
    """Label -> the criteria that its runs are tagged as a control of."""
    tags = {label: runs[0].data.tags.get(CONTROLS_OF, "") for label, runs in compared.runs.items()}
    return {
        label: ",".join(current_label(name) for name in names(criteria))
        for label, criteria in tags.items()
        if criteria
    }


def judged_in(compared: Compared) -> tuple[str, ...]:
    """The criteria that need controls, if one of them is compared; else empty (all need them)."""
    criteria = {label.criterion.partition(":")[0] for label in compared.labels.values()}
    return METHODS if criteria & {*METHODS} else ()


_EACH = 2
"""Most remarks of one method."""

_ALL = 30
"""Most lines of the list."""


def remarks_of_runs(compared: Compared) -> list[str]:
    """One line per method with remarks; those left out are counted.

    A remark that several seeds share appears once.
    """
    lines = []
    for label, runs in compared.runs.items():
        seeds: dict[str, list[str]] = {}
        for run in runs:
            for remark in run.data.tags.get(REMARKS, "").splitlines():
                seeds.setdefault(remark, []).append(run.data.params["dense_seed"])
        remarks = [
            remark if len(remarked) == len(runs) else f"{remark} (seed {', '.join(remarked)})"
            for remark, remarked in seeds.items()
        ]
        more = [f"{len(remarks) - _EACH} more"] if len(remarks) > _EACH else []
        if remarks:
            lines.append(f"`{label}`: {'; '.join([*remarks[:_EACH], *more])}.")
    left = len(lines) - _ALL
    return [*lines[:_ALL], *([f"So do {left} more methods."] if left > 0 else [])]
