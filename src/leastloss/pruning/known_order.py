"""A path whose removal order is known: what follows it needs no more of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from leastloss.criteria import Criterion
from leastloss.errors import InputError
from leastloss.models import untouched
from leastloss.plan import Plan
from leastloss.pruning.loop import first_row
from leastloss.pruning.path import PruningPath, Step
from leastloss.pruning.start import begin_path


def path_of_order(
    model: nn.Module,
    data: Any,
    criterion: str | Criterion,
    plan: Plan,
    order: NDArray[np.int64],
) -> PruningPath:
    """The path that a criterion has taken, without its scores and without what its steps measured.

    ``order`` holds the numbers of the removed parts, first to go first, shape (removed,). Of the
    path, the first row alone is measured and repaired.

    Raises:
        InputError: As :func:`leastloss.prune`, or if the order is none of such a path.
    """
    with untouched(model):
        start = begin_path(model, data, criterion, plan)
        ends, missing = [int(step[-1]) for step in start.rounds], len(start.order)
        known = np.unique(order)
        fits = len(known) == len(order) == ends[-1] and np.array_equal(
            np.sort(order[:missing]), start.order
        )
        if not fits or known[0] < 0 or known[-1] >= len(start.parts):
            raise InputError(
                f"the removal order of {start.settings['criterion']!r} is of another path"
            )
        record, _, repair = first_row(start)
        later = [Step(index, count, {}, {}) for index, count in enumerate(ends, start=1)]
        return PruningPath(
            start.dense,
            start.parts,
            order,
            (record.steps[0], *later),
            start.settings,
            repair if start.recovery.memoryless else None,
            record.before,
        )
