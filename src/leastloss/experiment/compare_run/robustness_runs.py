"""The robustness runs of the compared networks, each network once; which have none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click
import pandas as pd

from leastloss import tracking
from leastloss.controls import nested
from leastloss.errors import ResourceError
from leastloss.experiment.commands import robustness_command
from leastloss.experiment.compare_run.runs_table import Compared
from leastloss.experiment.run_names import OF_RUN, TABLE
from leastloss.experiment.run_table import numbers_of_run
from leastloss.tracking import Run

_SUMMARY = "summary.csv"
_EXPOSED = ("sparsity", "corruptions", "severities", "seed")
_PARENT = "mlflow.parentRunId"
_Setting = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """What robustness runs measured of the compared networks.

    Attributes:
        table: One row per network, corruption and severity: the columns of their tables, network
            (the dense network's seed) and model (``dense`` or the label); None: no such run.
        errors: Their summaries, with the same columns.
        lacking: Network -> the labels that no robustness run covers.
        command: The command that makes the missing runs; empty if none is missing.
    """

    table: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)
    command: str = ""


def exposed(compared: Compared) -> Exposed:
    """Find the robustness runs of the compared runs and of their parents.

    Means need equal sparsity, severities and noise. Where robustness runs differ in these, the
    setting that most of the compared runs met counts (the newest of several). A network in several
    of them counts once: in the run that holds most of its prunings (the newest of several).
    """
    ours = {run.info.run_id: run for run in compared.all_runs}
    settings: dict[_Setting, list[Run]] = {}
    where = f"tags.`{tracking.KIND}` = 'robustness' AND attributes.status = 'FINISHED'"
    for run in tracking.search(where):
        if _prunings(run, ours):
            settings.setdefault(_setting(run), []).append(run)
    if len(settings) > 1:
        differing = f"robustness runs differ in {', '.join(_EXPOSED)}"
        click.echo(f"{differing}; those of the setting that most networks met count", err=True)

    def met(runs: Sequence[Run]) -> int:
        return len({run_id for run in runs for run_id in _prunings(run, ours)})

    setting = max(settings, key=lambda shared: met(settings[shared]), default=())
    chosen = settings.get(setting, [])
    # Sorting is stable: of equal runs the newest stays first.
    chosen = sorted(chosen, key=lambda run: len(_prunings(run, ours)), reverse=True)
    places = _places(compared)
    seen: set[str] = set()
    tables, errors = [], []
    for run in chosen:
        table = _read(run, TABLE)
        if table is None or "model" not in table:
            continue
        names = table["criterion"] if "criterion" in table else table["model"]
        wanted = {
            ours[run_id].data.params["criterion"]: run_id
            for run_id in _prunings(run, ours)
            if run_id not in seen and run_id in places
        }
        wanted = {name: run_id for name, run_id in wanted.items() if (names == name).any()}
        if not wanted:
            continue
        network = places[next(iter(wanted.values()))][1]
        labels = {name: places[run_id][0] for name, run_id in wanted.items()}
        if not seen & {run_id for run_id, (_, other) in places.items() if other == network}:
            labels["dense"] = "dense"
        seen |= set(wanted.values())
        tables.append(_named(table, labels).assign(run_id=run.info.run_id, network=network))
        summary = _read(run, _SUMMARY)
        if summary is not None and "model" in summary:
            errors.append(_named(summary, labels).assign(run_id=run.info.run_id, network=network))
    # A control without networks between its steps cannot be exposed at other sparsities.
    between = bool(setting and setting[0])
    missing = [
        run_id
        for run_id in places
        if run_id not in seen
        and not (between and not nested(ours[run_id].data.params["criterion"]))
    ]
    lacking: dict[str, list[str]] = {}
    for run_id in missing:
        label, network = places[run_id]
        lacking.setdefault(network, []).append(label)
    return Exposed(
        table=pd.concat(tables, ignore_index=True) if tables else None,
        errors=pd.concat(errors, ignore_index=True) if errors else None,
        lacking={network: list(dict.fromkeys(labels)) for network, labels in lacking.items()},
        command=robustness_command(
            list(dict.fromkeys(_origin(ours[run_id]) for run_id in missing)),
            dict(zip(_EXPOSED, setting, strict=True)) if setting else {},
        ),
    )


def _origin(run: Run) -> str:
    """The id to give to ``robustness`` for this run: its parent's, or its own."""
    return str(run.data.tags.get(_PARENT, run.info.run_id))


def _prunings(run: Run, ours: Mapping[str, Run]) -> list[str]:
    """The compared runs that a robustness run covers."""
    of = run.data.tags.get(OF_RUN, "")
    return [
        run_id for run_id, other in ours.items() if of in (run_id, other.data.tags.get(_PARENT))
    ]


def _setting(run: Run) -> _Setting:
    """What must agree among robustness runs that are averaged."""
    return tuple(run.data.params.get(key, "").replace(" ", "") for key in _EXPOSED)


def _places(compared: Compared) -> dict[str, tuple[str, str]]:
    """Id of a run -> its label and its network."""

    def each() -> Iterator[tuple[str, tuple[str, str]]]:
        rows = compared.table[["criterion", "seed", "run_id"]].drop_duplicates()
        for label, network, ids in rows.itertuples(index=False):
            for run_id in str(ids).split():  # averaged prunings share a row
                yield run_id, (str(label), str(network))

    return dict(each())


def _named(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """The rows of these criteria, with the labels of the comparison as their models."""
    names = (table["criterion"] if "criterion" in table else table["model"]).astype(str)
    models = [
        labels.get(name, "") + str(model).removeprefix(name)
        for name, model in zip(names, table["model"], strict=True)
    ]
    return table.assign(model=models)[names.isin(list(labels))]


def _read(run: Run, name: str) -> pd.DataFrame | None:
    try:
        (text,) = tracking.fetch_texts([run], name)
        return numbers_of_run(run, name, text)
    except ResourceError as error:  # nobody asked for this run: the page goes on without it
        click.echo(f"left out: {error}", err=True)
        return None
