"""The pruning loop: score -> select -> mask -> recover -> evaluate."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn
from tqdm.auto import tqdm

from leastloss.arguments import checked
from leastloss.criteria import Criterion
from leastloss.errors import notice
from leastloss.evaluation import evaluate
from leastloss.models import untouched
from leastloss.plan import Plan
from leastloss.pruning.extremes import all_remarks, zeros_remark
from leastloss.pruning.masks import apply_masks
from leastloss.pruning.measure import Record
from leastloss.pruning.noise import noisy_splits
from leastloss.pruning.path import PruningPath, Step
from leastloss.pruning.recovery.base import NoRecovery, Recovery, Repair
from leastloss.pruning.resume import Pruned
from leastloss.pruning.start import Start, begin_path


@checked
def prune(
    model: nn.Module,
    data: Any,
    criterion: str | Criterion = "nc",
    *,
    granularity: str = "weight",
    to_sparsity: float = 0.95,
    steps: int = 19,
    sparsities: Sequence[float] | None = None,
    spacing: str = "even",
    substeps: int = 1,
    schedule: str = "iterative",
    recovery: str | Recovery = "auto",
    balance: str = "none",
    allocation: str | PruningPath = "global",
    seed: int = 0,
    layers: Sequence[str] | None = None,
    noise: Sequence[str] = (),
    zeros: str = "held",
    empty_layers: bool = False,
    resume: nn.Module | PruningPath | None = None,
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
        granularity: ``weight``, or ``unit``: hidden units and channels, those that layers share (by
            residual sums, depthwise convolutions, concatenation) as a whole.
        to_sparsity: Share of the parts that is gone in the end, inside (0, 1).
        steps: Number of steps; each removes exactly its share, and is measured.
        sparsities: Share of the parts that is gone after each step, increasing; instead of
            ``to_sparsity`` and ``steps``.
        spacing: ``even``, or ``geometric``: every step keeps the same share of what is left, so
            that steps get finer towards the end.
        substeps: In how many rounds of scoring, pruning and repair (spaced likewise) each step is
            done; only the last of them is measured.
        schedule: ``one-shot``, ``iterative`` (score again before every step) or ``sequential``
            (score again after every single removal).
        recovery: What repairs the network after each step, the same for every criterion: ``auto``
            is ``recalibrate`` in networks with a binary layer and ``compensate`` in all others;
            ``none``; any other name as ``finetune``, also with options and in chains as in
            ``compensate+finetune:epochs=3``; or a recovery object. One without a memory repairs the
            dense network too, so that the first row is a fair control.
        balance: ``polarity`` removes equally many weights of +1 and of -1 in each step (under
            ``sequential`` the signs take turns, the one with more left first); ``none`` does not
            look at signs.
        allocation: ``global`` compares parts over all layers; ``uniform``, ``erk`` and ``lamp``
            say how many go in each layer, and scores decide within it; a path of the same network
            and steps lends its layer ratios: each step removes as many parts of every layer as
            that path.
        seed: Seed of tie-breaks, random scores and fine-tuning; same seed, same bits out.
        layers: Names of the layers to prune; all of them when omitted.
        noise: Corruptions with their severity, as in ``["gaussian:3"]``, under which every step is
            measured too: ``gaussian3_balanced_accuracy``, ... The noise follows from the seed.
            Where logits under it are not finite, these are NaN and ``gaussian3_failed`` says why.
        zeros: ``held``: what the network was pruned of before counts as removed and stays zero
            (weights of exactly 0, masks of this package and of ``torch.nn.utils.prune``; see
            :func:`leastloss.models.zeros.zeros_of`). A ``UserWarning`` says how many there are.
            ``free``: they may come back.
        empty_layers: Whether a layer may lose its last weight. No layer loses its last unit.
        resume: A network that was pruned from ``model``, as :meth:`PruningPath.model_at` or
            :func:`leastloss.load_network` gives it, or a path, of which the last network is meant.
            The path begins with it and goes on as if it had never stopped: repairs still aim at
            ``model``. Same bits.
        progress: Whether to show a progress bar.
        on_step: Called with each finished step.

    Returns:
        The path from dense to sparse; see :class:`PruningPath`.

    Raises:
        InputError: If an argument is out of range, a name unknown, a score not finite, or the
            network does not fit the data.

    Example:
        >>> import leastloss as ll
        >>> data = ll.load_data("digits", imbalance="exp", ratio=20, seed=0)
        >>> model = ll.MLP(data.features, (16,), data.classes)
        >>> path = ll.prune(model, data, "magnitude", to_sparsity=0.5, steps=2, progress=False)
        >>> [round(share, 2) for share in path.table()["sparsity"]]
        [0.0, 0.25, 0.5]
    """
    plan = Plan(
        granularity=granularity,
        to_sparsity=to_sparsity,
        steps=steps,
        sparsities=None if sparsities is None else tuple(sparsities),
        spacing=spacing,
        substeps=substeps,
        schedule=schedule,
        recovery=recovery,
        balance=balance,
        allocation=allocation,
        seed=seed,
        layers=None if layers is None else list(layers),
        noise=list(noise),
        empty_layers=empty_layers,
    )
    return prune_by(
        model,
        data,
        criterion,
        plan,
        zeros=zeros,
        resume=resume,
        progress=progress,
        on_step=on_step,
    )


def prune_by(
    model: nn.Module,
    data: Any,
    criterion: str | Criterion,
    plan: Plan,
    *,
    zeros: str = "held",
    resume: nn.Module | PruningPath | Pruned | None = None,
    progress: bool = True,
    on_step: Callable[[Step], None] | None = None,
) -> PruningPath:
    """Prune as :func:`prune` does, by a plan.

    Raises:
        InputError: As :func:`prune`.
    """
    with untouched(model):
        start = begin_path(model, data, criterion, plan, zeros=zeros, resume=resume)
        if remark := zeros_remark(start.dense, start.parts, zeros):
            notice(remark)
        return _walk(start, progress, on_step)


def first_row(
    start: Start, on_step: Callable[[Step], None] | None = None
) -> tuple[Record, nn.Module, Repair]:
    """Measure what a path begins with; returns the record, the network and its repair."""
    dense, parts, plan, order = start.dense, start.parts, start.plan, start.order
    record = Record(
        dense=dense,
        parts=parts,
        data=start.data,
        noisy=noisy_splits(start.data.test, plan.noises, plan.seed, start.data.train),
        repaired=not isinstance(start.recovery, NoRecovery) or start.resumed is not None,
        on_step=on_step,
    )
    work = copy.deepcopy(dense if start.resumed is None else start.resumed)
    repair = start.recovery.prepare(dense, start.data, plan.seed, start.scorer.draws)
    clock = time.perf_counter()
    # The dense network gets the same repair as all that follow; one that goes on has had it.
    if start.recovery.memoryless and start.resumed is None:
        repair(work, parts.masks(order))
    repairing = time.perf_counter() - clock
    untouched = {"ties_at_cut": 0.0, "score_seconds": 0.0, "repair_seconds": repairing}
    record.add(work, order, untouched)
    return record, work, repair


def _walk(start: Start, progress: bool, on_step: Callable[[Step], None] | None) -> PruningPath:
    """Run the steps of a path."""
    dense, parts, scorer, plan = start.dense, start.parts, start.scorer, start.plan
    order = start.order
    if start.resumed is not None:
        if plan.schedule == "one-shot":
            scorer.score(dense, parts.held)
        if plan.schedule == "sequential":
            scorer.replay(dense, order)
    record, work, repair = first_row(start, on_step)
    bar = tqdm(
        start.rounds,
        desc=str(start.settings["criterion"]),
        unit="step",
        disable=None if progress else True,
        leave=False,
    )
    for step in bar:
        scoring = repairing = 0.0
        for cut in step:
            clock, k = time.perf_counter(), int(cut) - len(order)
            if plan.schedule == "sequential":
                selection = scorer.choose_one_by_one(work, order, k, progress)
            else:
                # One shot sees the network as it was trained, before any repair of its first row.
                scored, rescore = (work, True) if plan.schedule == "iterative" else (dense, False)
                selection = scorer.choose(scored, order, k, rescore=rescore)
            scored_at = time.perf_counter()
            order = np.concatenate([order, selection.order])
            masks = parts.masks(order)
            apply_masks(work, masks)
            repair(work, masks)
            scoring += scored_at - clock
            repairing += time.perf_counter() - scored_at
        extra = {"score_seconds": scoring, "repair_seconds": repairing}
        record.add(work, order, {"ties_at_cut": selection.tied_share, **extra})
    # The repair, before any removal.
    alone = start.recovery.memoryless and record.repaired and start.resumed is None
    val_accuracy = evaluate(dense, start.data.val)["accuracy"] if alone else None
    lasting = repair if start.recovery.memoryless else None
    path = PruningPath(
        dense, parts, order, tuple(record.steps), start.settings, lasting, record.before
    )
    return replace(path, remarks=all_remarks(path, start.data.test, val_accuracy))
