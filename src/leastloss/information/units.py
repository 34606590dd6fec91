"""Hidden units as sets of cells: a row of one layer's planes and columns of the next one's."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.information.inputs import Matrices, binary_matrices
from leastloss.information.removal import set_information_loss


@computed
def unit_cells(
    shapes: Sequence[tuple[int, int]], incoming: Sequence[int], outgoing: Sequence[int]
) -> list[NDArray[np.int64]]:
    """Cells of every hidden unit, counted over the concatenation of the matrices.

    Args:
        shapes: Shape of every matrix, (outputs, inputs) as in ``torch.nn.Linear``.
        incoming: Numbers of the matrices in which unit j is row j (both planes of its layer).
        outgoing: Numbers of the matrices in which unit j is column j (planes of the next layer),
            or the j-th block of columns, where there are several for each unit (convolutions).

    Returns:
        One int64 array of cell numbers per unit.

    Raises:
        InputError: If no matrix is named, one does not exist, or their units differ in number.

    Example:
        >>> [cells.tolist() for cells in unit_cells([(2, 3), (1, 2)], [0], [1])]
        [[0, 1, 2, 6], [3, 4, 5, 7]]
    """
    if any(not 0 <= m < len(shapes) for m in (*incoming, *outgoing)):
        raise InputError(
            f"incoming {list(incoming)} and outgoing {list(outgoing)} must number some of the "
            f"{len(shapes)} matrices, from 0"
        )
    counts = {shapes[m][0] for m in incoming}
    columns = {shapes[m][1] for m in outgoing}
    units = min(counts | columns)
    if len(counts | {units}) != 1 or any(count % units for count in columns):
        raise InputError(
            f"incoming rows and outgoing columns number {sorted(counts | columns)} units; they "
            "must agree"
        )
    sizes = np.array([rows * cols for rows, cols in shapes], dtype=np.int64)
    base = np.cumsum(sizes) - sizes
    grids = [(base[m] + np.arange(sizes[m]).reshape(shapes[m])) for m in range(len(shapes))]
    parts = [grids[m] for m in incoming] + [grids[m].T.reshape(units, -1) for m in outgoing]
    return list(np.concatenate(parts, axis=1))


@computed
def unit_information_loss(
    matrices: Matrices,
    incoming: Sequence[int],
    outgoing: Sequence[int],
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> NDArray[np.float64]:
    """Information loss of removing each hidden unit: its rows and its columns are cleared at once.

    Units are told as for :func:`unit_cells`, all other arguments are those of
    :func:`~leastloss.information.information_loss`; ``matrices`` are the planes of all layers whose
    blocks are counted, not only of the two concerned.

    Returns:
        float64 array of shape ``(units,)``, in bits; 0 for a unit without any one.

    Raises:
        InputError: As :func:`unit_cells` and :func:`~leastloss.information.information_loss`.

    Example:
        >>> first, second = np.eye(4, dtype=int), np.ones((4, 4), dtype=int)
        >>> unit_information_loss([first, second], [0], [1]).shape
        (4,)
    """
    shapes = [(part.shape[0], part.shape[1]) for part in binary_matrices(matrices)]
    return set_information_loss(
        matrices,
        unit_cells(shapes, incoming, outgoing),
        complexity=complexity,
        block=block,
        boundary=boundary,
        pooled=pooled,
    )
