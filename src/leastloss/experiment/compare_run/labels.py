"""What tracked runs are called side by side: the criterion, with what tells it from its others."""

from collections.abc import Sequence
from dataclasses import dataclass

from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig
from leastloss.options import defaults, fields_of, settings
from leastloss.tracking import Run


@dataclass(frozen=True, kw_only=True)
class Label:
    """How a run's method is called.

    Attributes:
        text: What tables and figures call it.
        criterion: Its criterion, by the name that it has today.
        settings: All of :func:`method_settings`, as ``key=value, key=value``.
    """

    text: str
    criterion: str
    settings: str


def method_settings(run: Run) -> dict[str, str]:
    """What makes runs of one criterion different methods; its own options are in its name."""
    return settings(PruneConfig, run.data.params, fields_of(PruneConfig, "schedule", "repair"))


def labels_of(runs: Sequence[Run]) -> list[Label]:
    """Name the method of each run.

    The settings that tell it from others of its criterion are told, unless they have their default.
    The recovery is told wherever it varies, so that no score is credited with a repair.
    """
    usual = defaults(PruneConfig)
    settings_of = [method_settings(run) for run in runs]
    criteria = [current_label(run.data.params["criterion"]) for run in runs]
    values: dict[tuple[str, str], set[str]] = {}
    for criterion, its in zip(criteria, settings_of, strict=True):
        for key, value in its.items():
            values.setdefault((criterion, key), set()).add(value)
    repairs = len({its["recovery"] for its in settings_of}) > 1
    labels = []
    for criterion, its in zip(criteria, settings_of, strict=True):
        differing = [
            f"{key}={value}"
            for key, value in its.items()
            if key != "recovery" and len(values[criterion, key]) > 1
            if value not in ("", usual[key])
        ]
        repair = [f"recovery={its['recovery']}"] if repairs else []
        labels.append(
            Label(
                text=", ".join([criterion, *repair, *differing]),
                criterion=criterion,
                settings=", ".join(f"{key}={value}" for key, value in its.items()),
            )
        )
    return labels
