"""Artifacts of a criterion run: its logged models, its pictures, its predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from leastloss import tracking
from leastloss.data import is_map
from leastloss.evaluation import NEAR, broken_samples, confusion, usable_step
from leastloss.experiment.dense import Dense
from leastloss.plots import child_curves, confusion_figure, contact_sheet, render
from leastloss.pruning import PruningPath
from leastloss.report import percent

ORDER = "removal_order.npy"
USABLE_WEIGHTS = "usable_weights.safetensors"
"""The network ``pruned`` where it is not the last step and cannot be made again from the order."""

USABLE, LAST = "pruned", "pruned-last"
"""Names of the two models; the first stands for both if they are the same step."""

SPARSITY = {USABLE: "leastloss.pruned_sparsity", LAST: "leastloss.pruned_last_sparsity"}
"""Tags with the sparsity of each model."""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A logged model: its name, its row in the table of the path, and its sparsity."""

    name: str
    row: int
    sparsity: float


def models_of(table: pd.DataFrame, before: Mapping[str, float] | None = None) -> list[Logged]:
    """Choose the networks of a path to log: the last, and another one if that is not near dense.

    Args:
        table: The steps of the path.
        before: Metrics of the dense network, where the path does not begin with it.

    Example:
        >>> path = pd.DataFrame(
        ...     {"sparsity": [0, 0.5, 0.8], "val_balanced_accuracy": [0.9, 0.9, 0.6]}
        ... )
        >>> [(model.name, model.sparsity) for model in models_of(path)]
        [('pruned', 0.5), ('pruned-last', 0.8)]
        >>> [(model.name, model.sparsity) for model in models_of(path[:2])]
        [('pruned', 0.5)]
    """
    rows = {USABLE: usable_step(table, before=before), LAST: len(table) - 1}
    if rows[USABLE] == rows[LAST]:
        del rows[LAST]
    return [
        Logged(name=name, row=row, sparsity=float(table["sparsity"].iloc[row]))
        for name, row in rows.items()
    ]


def models_in_words(models: list[Logged]) -> str:
    """Describe the logged models of a run in one sentence.

    Example:
        >>> models_in_words([Logged(name="pruned", row=0, sparsity=0.0)])
        'Logged as `pruned`: 0 % removed (no sparser network is within 2 points of dense).'
    """
    near, last = f"within {100 * NEAR:g} points of dense", models[-1]
    which = f"sparsest {near} on the validation data"
    if models[0].row == 0:
        which = f"no sparser network is {near}"
    elif len(models) == 1:
        which += ", and the last step: there is no `pruned-last`"
    text = f"Logged as `{USABLE}`: {percent(models[0].sparsity)} removed ({which})"
    if len(models) > 1:
        text += f"; as `{LAST}`: {percent(last.sparsity)} removed (last step)"
    return f"{text}."


def log_models(
    run_id: str, path: PruningPath, models: Sequence[Logged], dense: Dense
) -> dict[int, str]:
    """Log the networks, and their sparsities as tags.

    Returns:
        Row of the table -> the id of its logged model, whose metrics are those of that row.
    """
    ids = {}
    for logged in models:
        step, sparsity = path.steps[logged.row], f"{logged.sparsity:.6g}"
        about = {"run_id": run_id, "pruned_from": f"models:/{dense.model_id}"}
        about |= {"sparsity": sparsity, "step": str(step.index)}
        model = path.model_at(step.removed / len(path.parts))
        ids[logged.row] = tracking.log_network(
            run_id, model, dense.data, logged.name, about, step=step.index
        )
        tracking.log_tags(run_id, {SPARSITY[logged.name]: sparsity})
    return ids


PREDICTIONS = "predictions.npz"


def pictures(path: PruningPath, dense: Dense) -> dict[str, bytes]:
    """Draw a path; file name -> content of a PNG.

    ``curves.png``; ``confusion.png`` (dense, the step with the largest excess gap, the last step);
    for images with one label each also ``broken_samples.png``.
    """
    data, table = dense.data, path.table()
    title = f"{path.settings['criterion']}: {dense.name} on {data.title}"
    steps, before, truth = path.predictions(), path.dense_predicted, data.test.labels
    shares = table["sparsity"].to_numpy()
    worst, last = int(table["excess_gap"].argmax()), len(steps) - 1
    shown = {"dense": before}
    shown |= {f"{_removed(shares[worst])}: largest excess gap": steps[worst]} if worst else {}
    shown |= {f"{_removed(shares[last])}: last step": steps[last]} if worst != last else {}
    matrices = {name: confusion(step, truth, data.classes) for name, step in shown.items()}
    rare, names = data.minority, data.class_names
    figures = {
        "curves.png": child_curves(table, title=title, minority=rare, names=names),
        "confusion.png": confusion_figure(matrices, title=title, minority=rare, names=names),
    }
    if len(data.shape) == 3 and data.shape[0] in (1, 3) and not is_map(data.test.y):
        broken = broken_samples(steps, before, truth, shares)
        images = data.test.x.cpu().numpy()
        figures["broken_samples.png"] = contact_sheet(
            broken, images, title=title, minority=rare, names=names
        )
    return {name: render(figure) for name, figure in figures.items()}


def write_predictions(file: Path, path: PruningPath, dense: Dense) -> None:
    """Write all predictions on the test images as a compressed ``.npz`` without pickles.

    It holds ``predicted`` (steps, n), ``dense`` (n,), ``y`` (n,) in the smallest unsigned type,
    and ``sparsity`` (steps,). Where each position has a label, n counts the labels.
    """
    predicted = path.predictions()
    np.savez_compressed(
        file,
        predicted=predicted,
        dense=path.dense_predicted,
        y=dense.data.test.labels.cpu().numpy().astype(predicted.dtype),
        sparsity=path.table()["sparsity"].to_numpy(),
    )


def _removed(share: float) -> str:
    return f"{100 * share:.3g} % removed"
