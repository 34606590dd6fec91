"""The pictures of a criterion run, and its predictions on the test images."""

from pathlib import Path

import numpy as np

from leastloss.evaluation import broken_samples, confusion
from leastloss.experiment.dense import Dense
from leastloss.plots import child_curves, confusion_figure, contact_sheet, render
from leastloss.pruning import PruningPath

PREDICTIONS = "predictions.npz"


def pictures(path: PruningPath, dense: Dense) -> dict[str, bytes]:
    """Draw a path; file name -> content of a PNG.

    ``curves.png``; ``confusion.png`` (dense, the step with the largest excess gap, the last step);
    for images also ``broken_samples.png``.
    """
    data, table = dense.data, path.table()
    title = f"{path.settings['criterion']}: {dense.name} on {data.title}"
    steps, before, truth = path.predictions(), path.dense_predicted, data.test.y
    shares = table["sparsity"].to_numpy()
    worst, last = int(table["excess_gap"].argmax()), len(steps) - 1
    shown = {"dense": before}
    shown |= {f"{_removed(shares[worst])}: largest excess gap": steps[worst]} if worst else {}
    shown |= {f"{_removed(shares[last])}: last step": steps[last]} if worst != last else {}
    matrices = {name: confusion(step, truth, data.classes) for name, step in shown.items()}
    figures = {
        "curves.png": child_curves(table, title=title, minority=data.minority),
        "confusion.png": confusion_figure(matrices, minority=data.minority, title=title),
    }
    if len(data.shape) == 3 and data.shape[0] in (1, 3):
        broken = broken_samples(steps, before, truth, shares)
        images = data.test.x.cpu().numpy()
        figures["broken_samples.png"] = contact_sheet(
            broken, images, minority=data.minority, title=title
        )
    return {name: render(figure) for name, figure in figures.items()}


def write_predictions(file: Path, path: PruningPath, dense: Dense) -> None:
    """Write all predictions on the test images as a compressed ``.npz`` without pickles.

    It holds ``predicted`` (steps, n), ``dense`` (n,), ``y`` (n,) in the smallest unsigned type,
    and ``sparsity`` (steps,).
    """
    predicted = path.predictions()
    np.savez_compressed(
        file,
        predicted=predicted,
        dense=path.dense_predicted,
        y=dense.data.test.y.cpu().numpy().astype(predicted.dtype),
        sparsity=path.table()["sparsity"].to_numpy(),
    )


def _removed(share: float) -> str:
    return f"{100 * share:.3g} % removed"
