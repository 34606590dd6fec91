"""The steps of many tracked runs as one table, labelled by method."""

from collections.abc import Sequence
from dataclasses import dataclass

import click
import pandas as pd

from leastloss import tracking
from leastloss.criteria import current_label
from leastloss.evaluation import FAILED, without_failed
from leastloss.experiment.compare_run.pairing import check_paired, network_of_run
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.run_names import TABLE
from leastloss.experiment.run_table import joined, steps_of_runs
from leastloss.options import defaults, fields_of, settings
from leastloss.tracking import Run


@dataclass(frozen=True, kw_only=True)
class Label:
    """The label of a run's method.

    Attributes:
        text: The label in tables and figures.
        criterion: Its criterion, by its current name.
        settings: All of :func:`method_settings`, as ``key=value, key=value``.
    """

    text: str
    criterion: str
    settings: str


def method_settings(run: Run) -> dict[str, str]:
    """The settings that make runs of one criterion different methods."""
    return settings(PruneConfig, run.data.params, fields_of(PruneConfig, "schedule", "repair"))


def labels_of(runs: Sequence[Run]) -> list[Label]:
    """Name the method of each run.

    A label names the settings in which runs of its criterion differ, but for defaults, and the
    recovery wherever it varies, so that no score is credited with a repair.
    """
    usual = defaults(PruneConfig)
    settings_of = [method_settings(run) for run in runs]
    criteria = [current_label(run.data.params["criterion"]) for run in runs]
    values: dict[tuple[str, str], set[str]] = {}
    for criterion, method in zip(criteria, settings_of, strict=True):
        for key, value in method.items():
            values.setdefault((criterion, key), set()).add(value)
    repairs = len({method["recovery"] for method in settings_of}) > 1
    labels = []
    for criterion, method in zip(criteria, settings_of, strict=True):
        differing = [
            f"{key}={value}"
            for key, value in method.items()
            if key != "recovery" and len(values[criterion, key]) > 1
            if value not in ("", usual[key])
        ]
        repair = [f"recovery={method['recovery']}"] if repairs else []
        labels.append(
            Label(
                text=", ".join([criterion, *repair, *differing]),
                criterion=criterion,
                settings=", ".join(f"{key}={value}" for key, value in method.items()),
            )
        )
    return labels


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The runs to compare.

    Attributes:
        table: All steps, with the columns criterion (the label), seed and run_id.
        runs: Label -> those of its runs that count.
        labels: Label -> its criterion and settings.
    """

    table: pd.DataFrame
    runs: dict[str, list[Run]]
    labels: dict[str, Label]

    @property
    def all_runs(self) -> list[Run]:
        """Every run that counts."""
        return [run for runs in self.runs.values() for run in runs]


def compared(runs: Sequence[Run]) -> Compared:
    """Read the steps of all runs.

    Methods that differ in more than the criterion are labelled with the difference. A seed stands
    for one dense network: prunings of it by several seeds are no independent repetitions, so their
    mean counts once. Of a run that was made twice, the newest counts.
    """
    runs = sorted(runs, key=lambda run: run.info.start_time, reverse=True)
    replicates = len({run.data.params.get("replicate") for run in runs}) > 1
    networks = [network_of_run(run, replicates) for run in runs]
    check_paired(runs, networks)
    chosen: dict[tuple[str, str, str], tuple[Run, Label]] = {}
    for run, network, label in zip(runs, networks, labels_of(runs), strict=True):
        key = (label.text, network, run.data.params["seed"])
        if key in chosen:
            again = f"{label.text}, network {network}, seed {key[2]}"
            click.echo(f"{again}: made more than once; the newest run counts", err=True)
            continue
        chosen[key] = (run, label)
    draws: dict[tuple[str, str], list[tuple[Run, pd.DataFrame]]] = {}
    runs_of: dict[str, list[Run]] = {}
    labels = {}
    chosen_runs = [run for run, _ in chosen.values()]
    steps = steps_of_runs(chosen_runs, list(tracking.fetch_texts(chosen_runs, TABLE)))
    for ((text, network, _), (run, label)), its in zip(chosen.items(), steps, strict=True):
        draws.setdefault((text, network), []).append((run, its))
        runs_of.setdefault(text, []).append(run)
        labels[text] = label
    oldest_first = list(reversed(draws.items()))
    table = joined(
        [_mean([its for _, its in several]) for _, several in oldest_first],
        run_id=[" ".join(r.info.run_id for r, _ in several) for _, several in oldest_first],
        criterion=[text for (text, _), _ in oldest_first],
        seed=[network for (_, network), _ in oldest_first],
    )
    order = list(dict.fromkeys(table["criterion"]))
    return Compared(
        table=table,
        runs={text: runs_of[text] for text in order},
        labels={text: labels[text] for text in order},
    )


def _mean(draws: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean over several prunings of one network, step by step."""
    if len(draws) == 1:
        return draws[0]
    every = pd.concat(draws)
    mean = without_failed(every).groupby("step", as_index=False).mean(numeric_only=True)
    for name in [column for column in every.columns if column.endswith(FAILED)]:
        mean[name] = every[name].fillna("").groupby(every["step"]).max().to_numpy()
    return mean
