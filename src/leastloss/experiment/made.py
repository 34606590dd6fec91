"""What made the numbers of a page: settings, versions, data, runs; and runs beside them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO

import click
import pandas as pd

from leastloss import tracking
from leastloss.controls import METHODS
from leastloss.errors import ResourceError
from leastloss.experiment.controls import CONTROLS_OF
from leastloss.experiment.dense import RUN_TAG
from leastloss.experiment.labels import SETTINGS, given
from leastloss.experiment.paired import DATA, TRAINING, digests
from leastloss.experiment.prune import TABLE
from leastloss.experiment.steps import Compared
from leastloss.report import Cell, Grid
from leastloss.tracking import Run

OF_RUN = "leastloss.of_run"
_SUMMARY = "summary.csv"
_EXPOSED = ("sparsity", "corruptions", "severities")


def title_of(runs: Sequence[Run]) -> str:
    """Data and network, in a few words."""
    params = runs[0].data.params
    profile = "" if params["imbalance"] == "none" else f" ({params['imbalance']} imbalance)"
    return f"{params['dataset']}{profile}, {params['model']} {params['hidden'].replace(',', '-')}"


def facts_of_runs(found: Compared) -> dict[str, object]:
    """Data, network, settings, commit, versions and device, as the runs recorded them."""
    runs = found.all_runs
    params = runs[0].data.params
    facts: dict[str, object] = {key: params[key] for key in DATA if params.get(key)}
    for key in (*TRAINING, *SETTINGS):
        values = sorted({given(run, key) for run in runs} - {""})
        if values:
            facts[key] = ", ".join(values)
    seeds = sorted(set(found.table["seed"].astype(str)), key=lambda text: (len(text), text))
    facts["seeds"] = ", ".join(seeds)
    facts["runs"] = len(runs)
    facts["commit"] = _listed(
        run.data.tags.get("git.commit", "unknown")[:10]
        + (" with changes" if run.data.tags.get("git.dirty") == "true" else "")
        for run in runs
    )
    tags = sorted({key for run in runs for key in run.data.tags if key.startswith("version.")})
    for key in (*tags, "device", "threads", "platform"):
        facts[key.removeprefix("version.")] = _listed(
            run.data.tags.get(key, "unknown") for run in runs
        )
    return facts


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def tables_of_runs(found: Compared) -> list[Grid]:
    """The digests of the data, seed by seed, and the ids of all runs."""
    data: dict[str, dict[str, str]] = {}
    ids: dict[str, dict[str, list[str]]] = {}
    for label, runs in found.runs.items():
        for run in runs:
            seed = run.data.params["dense_seed"]
            data.setdefault(seed, {}).update(digests(run))
            ids.setdefault(label, {}).setdefault(seed, []).append(run.info.run_id)
    seeds = sorted(data, key=lambda text: (len(text), text))
    splits = list(dict.fromkeys(name for seed in seeds for name in data[seed]))
    grids = []
    if splits:
        rows = {seed: [Cell(value=data[seed].get(name, "–")) for name in splits] for seed in seeds}
        told = "Data: the first 16 digits of each split's SHA-256"
        grids.append(Grid(caption=told, first="seed", head=splits, rows=rows, folded=True))
    rows = {
        label: [Cell(value=" ".join(own.get(seed, ["–"]))) for seed in seeds]
        for label, own in ids.items()
    }
    heads = [f"seed {seed}" for seed in seeds]
    grids.append(Grid(caption="Ids of the runs", head=heads, rows=rows, folded=True))
    return grids


def controls_of_runs(found: Compared) -> dict[str, str]:
    """Label -> the criteria whose control its runs say to be."""
    said = {label: runs[0].data.tags.get(CONTROLS_OF, "") for label, runs in found.runs.items()}
    return {label: criteria for label, criteria in said.items() if criteria}


def judged_in(found: Compared) -> tuple[str, ...]:
    """The criteria that need controls, if one of them is compared; else none is exempt."""
    own = {label.criterion.partition(":")[0] for label in found.labels.values()}
    return METHODS if own & {*METHODS} else ()


def robustness_of_runs(runs: Sequence[Run]) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """The tables of the robustness runs of these runs' parents, networks or the runs themselves.

    Of several of one run the newest counts. Means need networks as sparse and noise as severe: of
    runs that differ in that, those of the setting count that most of these runs were exposed to
    (of as many, the newest). Their summaries are None where none was kept.
    """
    tags = ("mlflow.parentRunId", RUN_TAG)
    ours = {run.info.run_id for run in runs} | {run.data.tags.get(t) for t in tags for run in runs}
    where = f"tags.`{tracking.KIND}` = 'robustness' AND attributes.status = 'FINISHED'"
    settings: dict[tuple[str, ...], dict[str, Run]] = {}
    for run in tracking.search(where):
        of = run.data.tags.get(OF_RUN, "")
        if of in ours:
            settings.setdefault(_exposed(run), {}).setdefault(of, run)
    if len(settings) > 1:
        said = f"robustness runs differ in {', '.join(_EXPOSED)}"
        click.echo(f"{said}; those of the setting that most networks met count", err=True)
    reached = Counter(
        of for run in runs for of in (run.info.run_id, run.data.tags.get("mlflow.parentRunId", ""))
    )
    most = max(settings.values(), key=lambda own: sum(reached[of] for of in own), default={})
    chosen = list(most.values())
    return _together(chosen, TABLE), _together(chosen, _SUMMARY)


def _exposed(run: Run) -> tuple[str, ...]:
    """What must be equal in robustness runs that are averaged."""
    return tuple(run.data.params.get(key, "").replace(" ", "") for key in _EXPOSED)


def _together(runs: Sequence[Run], name: str) -> pd.DataFrame | None:
    tables = []
    for run in runs:
        try:
            (text,) = tracking.fetch_texts([run], name)
            tables.append(pd.read_csv(StringIO(text)).assign(run_id=run.info.run_id))
        except (ResourceError, ValueError):  # gone, or of another kind: the page does without
            continue
    return pd.concat(tables, ignore_index=True) if tables else None
