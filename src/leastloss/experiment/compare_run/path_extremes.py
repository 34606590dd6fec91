"""The remarks of runs on their paths (emptied layers, lost classes), as a short list."""

from leastloss.experiment.compare_run.runs_table import Compared
from leastloss.experiment.criterion_run import REMARKS

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
