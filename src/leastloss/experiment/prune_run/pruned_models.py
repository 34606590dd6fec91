"""The logged models of a criterion run: the network a user would take, and the last of the path."""

from dataclasses import dataclass

import pandas as pd

from leastloss import tracking
from leastloss.evaluation import NEAR, usable_step
from leastloss.experiment.dense import Dense
from leastloss.pruning import PruningPath
from leastloss.report import percent

USABLE, LAST = "pruned", "pruned-last"
"""What the two models are called; the first stands for both where they are one step."""

SPARSITY = {USABLE: "leastloss.pruned_sparsity", LAST: "leastloss.pruned_last_sparsity"}
"""Tags of a criterion run that say which sparsity each model has."""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A model of a run: its name, its place in the table of the path, and its share removed."""

    name: str
    row: int
    sparsity: float


def models_of(table: pd.DataFrame) -> list[Logged]:
    """Which networks of a path are logged: one, or two where the last is not near dense.

    Args:
        table: One row per step; see :func:`leastloss.evaluation.path_summary.usable_step`.

    Example:
        >>> path = pd.DataFrame(
        ...     {"sparsity": [0, 0.5, 0.8], "val_balanced_accuracy": [0.9, 0.9, 0.6]}
        ... )
        >>> [(model.name, model.sparsity) for model in models_of(path)]
        [('pruned', 0.5), ('pruned-last', 0.8)]
        >>> [(model.name, model.sparsity) for model in models_of(path[:2])]
        [('pruned', 0.5)]
    """
    rows = {USABLE: usable_step(table), LAST: len(table) - 1}
    if rows[USABLE] == rows[LAST]:
        del rows[LAST]
    return [
        Logged(name=name, row=row, sparsity=float(table["sparsity"].iloc[row]))
        for name, row in rows.items()
    ]


def told(models: list[Logged]) -> str:
    """Say what the logged models of a run are.

    Example:
        >>> told([Logged(name="pruned", row=0, sparsity=0.0)])
        'Logged as `pruned`: 0 % removed (no sparser network is within 2 points of dense).'
    """
    near, last = f"within {100 * NEAR:g} points of dense", models[-1]
    which = f"sparsest {near} on the validation images"
    if models[0].row == 0:
        which = f"no sparser network is {near}"
    elif len(models) == 1:
        which += ", and the last step: there is no `pruned-last`"
    text = f"Logged as `{USABLE}`: {percent(models[0].sparsity)} removed ({which})"
    if len(models) > 1:
        text += f"; as `{LAST}`: {percent(last.sparsity)} removed (last step)"
    return f"{text}."


def log_models(run_id: str, path: PruningPath, table: pd.DataFrame, dense: Dense) -> dict[int, str]:
    """Log the networks, and in tags which sparsities they have.

    Returns:
        Row of the table -> the id of its logged model, whose metrics are those of that row.

    Raises:
        ResourceError: If the store does not take them.
    """
    ids = {}
    for logged in models_of(table):
        step, sparsity = path.steps[logged.row], f"{logged.sparsity:.6g}"
        about = {"run_id": run_id, "pruned_from": f"models:/{dense.model_id}"}
        about |= {"sparsity": sparsity, "step": str(step.index)}
        model = path.model_at(step.removed / len(path.parts))
        ids[logged.row] = tracking.log_network(
            run_id, model, dense.data, logged.name, about, step=step.index
        )
        tracking.log_tags(run_id, {SPARSITY[logged.name]: sparsity})
    return ids
