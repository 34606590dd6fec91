"""What tracked runs are called side by side: the criterion, with what tells it from its others."""

from collections.abc import Sequence
from dataclasses import dataclass

from leastloss.criteria import current_label
from leastloss.experiment.config import PruneConfig, parameters
from leastloss.tracking import Run

# Options of criteria are in their names.
SETTINGS = (
    *("steps", "to_sparsity", "sparsities", "spacing", "substeps", "granularity", "schedule"),
    *("recovery", "balance", "allocation", "empty_layers", "layers"),
)
"""Parameters that make runs of one criterion different methods."""

_DEFAULT = parameters(PruneConfig())
_IMPLIED = ("steps", "to_sparsity")  # by sparsities that are given one by one


@dataclass(frozen=True, kw_only=True)
class Label:
    """How a run's method is called.

    Attributes:
        text: What tables and figures call it.
        criterion: Its criterion, by the name that it has today.
        settings: All of ``SETTINGS``, as ``key=value, key=value``.
    """

    text: str
    criterion: str
    settings: str


def given(run: Run, key: str) -> str:
    """A parameter of a run; one that is younger than the run had its default value."""
    value: str = run.data.params.get(key, _DEFAULT.get(key, ""))
    return "" if key in _IMPLIED and run.data.params.get("sparsities") else value


def _criterion(run: Run) -> str:
    return current_label(run.data.params["criterion"])


def labels_of(runs: Sequence[Run]) -> list[Label]:
    """Name the method of each run.

    The settings that tell it from others of its criterion are told, unless they have their default.
    The recovery is told wherever it varies, so that no score is credited with a repair.
    """
    kin: dict[str, list[Run]] = {}
    for run in runs:
        kin.setdefault(_criterion(run), []).append(run)
    repairs = len({given(run, "recovery") for run in runs}) > 1
    told = {
        name: [key for key in SETTINGS if len({given(run, key) for run in own}) > 1]
        for name, own in kin.items()
    }
    found = []
    for run in runs:
        name = _criterion(run)
        keys = [key for key in told[name] if given(run, key) not in ("", _DEFAULT[key])]
        keys = [*(["recovery"] if repairs else []), *(key for key in keys if key != "recovery")]
        text = ", ".join([name, *[f"{key}={given(run, key)}" for key in keys]])
        settings = ", ".join(f"{key}={given(run, key)}" for key in SETTINGS)
        found.append(Label(text=text, criterion=name, settings=settings))
    return found
