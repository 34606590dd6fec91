"""Labels of methods: the criterion, with the settings that distinguish its runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig
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
