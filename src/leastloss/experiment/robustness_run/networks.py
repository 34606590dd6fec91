"""The networks of a run: the dense one, and its pruned ones at any sparsity."""

import copy
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from torch import nn

from leastloss import tracking
from leastloss.controls import nested
from leastloss.errors import InputError, ResourceError
from leastloss.evaluation import is_at
from leastloss.experiment.dense import RUN_TAG, Dense, check_fits, fetch_dense
from leastloss.experiment.prune_run.artifacts import ORDER, SPARSITY, USABLE, USABLE_WEIGHTS
from leastloss.experiment.run_query import check_child, children
from leastloss.experiment.stored_network import PRUNED
from leastloss.models import load_network, network_facts, read_network
from leastloss.options import names
from leastloss.pruning import Parts, apply_masks, as_recovery, parts_at
from leastloss.tracking import Run


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network, its label in tables, the criterion that pruned it, and its sparsity."""

    label: str
    criterion: str
    sparsity: float
    model: nn.Module


def networks_of(
    run_id: str, sparsities: Sequence[float], *, trust: bool = False
) -> tuple[Dense, list[Network]]:
    """Fetch the dense network of a run and its pruned networks.

    Args:
        run_id: A train run (dense network only), a prune run, or one of its children.
        sparsities: Sparsities of the pruned networks; empty: their last.
        trust: Whether functions that the run names may be called, and models that it names opened.
    """
    run = tracking.find_run(run_id)
    kind = run.data.tags.get(tracking.KIND, "none of ours")
    if kind not in ("train", "prune", "criterion"):
        raise ResourceError(f"run {run_id!r} holds no network: it is a run of kind {kind!r}")
    pruned = children(run_id) if kind == "prune" else [run] if kind == "criterion" else []
    for child in pruned:
        check_child(child)
    dense = fetch_dense(run_id, trust=trust)
    every = [Network(label="dense", criterion="dense", sparsity=0.0, model=dense.model)]
    for child in pruned:
        criterion = child.data.params["criterion"]
        if child.data.tags.get(RUN_TAG, dense.run_id) != dense.run_id:
            raise ResourceError(
                f"{criterion} of run {run_id!r} was pruned from another dense network than the "
                "others; robustness compares networks of one"
            )
        if sparsities and kind == "prune" and not nested(criterion):
            click.echo(f"{criterion} is left out: it has no network between its steps", err=True)
            continue
        for at in sparsities or (None,):
            network, sparsity = pruned_network(child, dense, at)
            label = criterion if len(sparsities) < 2 else f"{criterion} at {at:g}"
            every.append(
                Network(label=label, criterion=criterion, sparsity=sparsity, model=network)
            )
    return dense, every


def pruned_network(child: Run, dense: Dense, at: float | None) -> tuple[nn.Module, float]:
    """The last network of a criterion run, or the one at a sparsity; and its exact sparsity."""
    run_id, params = child.info.run_id, child.data.params
    if at is None:
        return _kept(child, PRUNED, dense), float(child.data.metrics.get("sparsity", "nan"))
    recovery = as_recovery(params["recovery"])
    if not recovery.memoryless:
        usable = float(child.data.tags.get(SPARSITY[USABLE], "nan"))
        if is_at(at, usable) and tracking.holds(child, USABLE_WEIGHTS):
            return _kept(child, USABLE_WEIGHTS, dense), usable
        raise InputError(
            f"run {run_id!r} repaired its networks ({params['recovery']}) and holds the last one "
            "only; leave out the sparsity"
        )
    order = tracking.fetch_array(run_id, ORDER)
    layers = names(params.get("layers", ""))
    sample = dense.data.train.x[:8]
    parts = Parts.of(dense.model, params["granularity"], list(layers) or None, sample)
    _check_order(child, order, len(parts))
    most = len(order) / len(parts)
    # Half a part of leeway: a rounded share is accepted, too.
    if not 0 <= at <= most + 0.5 / len(parts):
        raise InputError(f"sparsity is {at}; run {run_id!r} goes from 0 to {most:.4g}")
    removed = min(parts_at(at, len(parts)), len(order))
    model, masks = copy.deepcopy(dense.model), parts.masks(order[:removed])
    apply_masks(model, masks)
    if removed:
        recovery.begin(dense.model, dense.data, int(params["seed"]))(model, masks)
    return model, removed / len(parts)


def _kept(child: Run, name: str, dense: Dense) -> nn.Module:
    """A network that a run keeps as a file."""
    run_id = child.info.run_id
    with tempfile.TemporaryDirectory() as folder:
        path = tracking.fetch_file(run_id, name, Path(folder))
        if "network" in network_facts(path):
            model = read_network(path)[0]
        else:  # a user's own
            model = load_network(path, copy.deepcopy(dense.model))
    check_fits(run_id, name, model, dense.data)
    return model


def _check_order(run: Run, order: NDArray[Any], parts: int) -> None:
    """Refuse a damaged order: each part goes at most once, and as many as the run removed."""
    whole = order.ndim == 1 and np.issubdtype(order.dtype, np.integer)
    if not whole or not np.isin(order, np.arange(parts)).all():
        raise tracking.damaged(run.info.run_id, ORDER, f"it is no order of the {parts} parts")
    if len(np.unique(order)) < len(order):
        raise tracking.damaged(run.info.run_id, ORDER, "a part occurs more than once")
    removed = run.data.metrics.get("sparsity", len(order) / parts) * parts
    if run.info.status == "FINISHED" and abs(removed - len(order)) > 0.5:
        raise tracking.damaged(
            run.info.run_id,
            ORDER,
            f"it holds {len(order)} parts, and the run removed {removed:.0f}",
        )
