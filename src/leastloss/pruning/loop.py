"""The pruning loop: score -> select -> mask -> recover -> evaluate."""

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn
from tqdm.auto import tqdm

from leastloss.criteria import Criterion, ScoringContext, as_criterion
from leastloss.data import Data, as_data
from leastloss.models.chain import check_chain
from leastloss.names import choose
from leastloss.pruning.masks import Parts, apply_masks
from leastloss.pruning.measure import measure
from leastloss.pruning.path import PruningPath, Step, changes
from leastloss.pruning.recovery import Recovery, as_recovery
from leastloss.pruning.schedule import SCHEDULES, targets
from leastloss.pruning.selection import Selection, protected_parts, select
from leastloss.seeds import stream


class _Scorer:
    """Asks the criterion for the next parts to go; knows the schedule, changes nothing."""

    def __init__(self, criterion: Criterion, parts: Parts, data: Data, seed: int) -> None:
        self.criterion, self.parts, self.train = criterion, parts, data.train
        self.priority = stream(seed, "ties").random(len(parts))
        self.generator = stream(seed, f"scores/{criterion.name}")
        self.gone = np.zeros(len(parts), dtype=bool)
        self.last: NDArray[np.float64] | None = None

    def context(self, model: nn.Module, order: NDArray[np.int64]) -> ScoringContext:
        masks, units = self.parts.masks(order), self.parts.granularity
        return ScoringContext(
            model=model, masks=masks, train=self.train, granularity=units, generator=self.generator
        )

    def choose(
        self, model: nn.Module, order: NDArray[np.int64], k: int, *, rescore: bool = True
    ) -> Selection:
        """Select the next ``k`` parts after those in ``order``."""
        self.gone[order] = True
        if rescore or self.last is None:
            self.last = self.parts.flatten(self.criterion.score(self.context(model, order)))
        free = ~self.gone
        if self.parts.granularity == "unit":
            free &= ~protected_parts(self.last, free, self.parts.layer_of, self.priority)
        return select(self.last, free, k, self.priority)

    def choose_one_by_one(
        self, model: nn.Module, order: NDArray[np.int64], k: int, progress: bool
    ) -> Selection:
        """Select ``k`` parts, scored again after every single removal."""
        exact = self.criterion.removal_order(self.context(model, order), k)
        if exact is not None:
            return Selection(exact, float("nan"))
        model, tied = copy.deepcopy(model), 0.0
        for _ in tqdm(
            range(k), desc=self.criterion.label, leave=False, disable=None if progress else True
        ):
            one = self.choose(model, order, 1)
            order, tied = np.append(order, one.order), one.tied_share
            apply_masks(model, self.parts.masks(order))
        return Selection(order[len(order) - k :], tied)


def prune(
    model: nn.Module,
    data: Any,
    criterion: str | Criterion = "nc",
    *,
    granularity: str = "weight",
    to_sparsity: float = 0.9,
    steps: int = 20,
    schedule: str = "iterative",
    recovery: str | Recovery = "none",
    seed: int = 0,
    layers: Sequence[str] | None = None,
    progress: bool = True,
    on_step: Callable[[Step], None] | None = None,
) -> PruningPath:
    """Prune a copy of a network step by step and measure what each step cost.

    Args:
        model: Any network of Linear and Conv2d layers; it is left as it is.
        data: A ``Data``, a pair of tensors (x, y), or a ``DataLoader``; pairs and loaders are split
            60/20/20, always alike, and the model must not have been trained on more than the
            training part (else use ``ll.Data.from_tensors`` with a test set of your own). Scores
            see the training split alone, fine-tuning also chooses its epoch by the validation
            split; every step is measured on validation and test.
        criterion: A name from :func:`leastloss.criteria`, also with options as in
            ``mils-bdm:strategy=max_decrease:block=3``, or a criterion object.
        granularity: ``weight`` or ``unit`` (hidden units of a chain of Linear layers).
        to_sparsity: Share of the parts that is gone in the end, inside (0, 1).
        steps: Number of steps, evenly spaced; each removes exactly its share.
        schedule: ``one-shot``, ``iterative`` (score again before every step) or ``sequential``
            (score again after every single removal).
        recovery: ``none``, ``recalibrate``, ``finetune`` or a recovery object, after each step;
            one without a memory (``recalibrate``) repairs the dense network too, so that the first
            row is a fair control.
        seed: Seed of tie-breaks, random scores and fine-tuning; same seed, same bits out.
        layers: Names of the layers to prune; all of them when omitted.
        progress: Whether to show a progress bar.
        on_step: Called with each finished step.

    Returns:
        The path from dense to sparse; see :class:`PruningPath`.

    Raises:
        InputError: If an argument is out of range, a name unknown, or a score not finite.

    Example:
        >>> import leastloss as ll
        >>> data = ll.load_data("digits", imbalance="exp", ratio=20, seed=0)
        >>> model = ll.MLP(data.features, (16,), data.classes)
        >>> path = ll.prune(model, data, "magnitude", to_sparsity=0.5, steps=2, progress=False)
        >>> [round(share, 2) for share in path.table()["sparsity"]]
        [0.0, 0.25, 0.5]
    """
    criterion, recovery = as_criterion(criterion), as_recovery(recovery)
    choose("schedule", schedule, SCHEDULES)
    settings = {
        "criterion": criterion.label,
        "granularity": granularity,
        "to_sparsity": to_sparsity,
        "steps": steps,
        "schedule": schedule,
        "recovery": type(recovery).__name__.lower(),
        "seed": seed,
        "options": dict(vars(criterion)),
    }
    dense = copy.deepcopy(model).eval()
    parts = Parts.of(dense, granularity, None if layers is None else list(layers))
    cuts = targets(len(parts), to_sparsity, steps)
    parts.check_room(int(cuts[-1]))
    data = as_data(data)  # not by the seed of pruning: what is test stays test
    if parts.consumers:
        check_chain(dense, data.train.x[:8], parts.consumers)
    work = copy.deepcopy(dense)
    scorer = _Scorer(criterion, parts, data, seed)
    order = np.zeros(0, dtype=np.int64)
    done: list[Step] = []

    def finish(selection: Selection, seconds: float) -> None:
        masks = parts.masks(order)
        extra = {"ties_at_cut": selection.tied_share, "score_seconds": seconds}
        metrics = measure(work, masks, data) | extra
        done.append(Step(len(done), len(order), metrics, changes(dense, masks, work)))
        if on_step is not None:
            on_step(done[-1])

    if recovery.memoryless:  # the dense network gets the same repair as all that follow
        recovery.repair(work, parts.masks(order), data, seed)
    finish(Selection(order, 0.0), 0.0)
    for cut in tqdm(
        cuts, desc=criterion.label, unit="step", disable=None if progress else True, leave=False
    ):
        start, k = time.perf_counter(), int(cut) - len(order)
        if schedule == "sequential":
            selection = scorer.choose_one_by_one(work, order, k, progress)
        else:
            selection = scorer.choose(work, order, k, rescore=schedule == "iterative")
        seconds = time.perf_counter() - start
        order = np.concatenate([order, selection.order])
        masks = parts.masks(order)
        apply_masks(work, masks)
        recovery.repair(work, masks, data, seed)
        finish(selection, seconds)
    return PruningPath(dense, parts, order, tuple(done), settings)
