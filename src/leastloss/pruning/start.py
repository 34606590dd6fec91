"""The start of a path: all that stands fixed before a part goes, and what it is refused for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from leastloss.criteria import Criterion, as_criterion
from leastloss.data import Data, as_data, noise_scale
from leastloss.errors import InputError, shown
from leastloss.evaluation import check_network
from leastloss.models import check_chain, check_module, check_usage, hold_zeros, own_copy
from leastloss.names import choose
from leastloss.pruning.masks import Parts, check_empty_layers
from leastloss.pruning.noise import read_noise
from leastloss.pruning.path import PruningPath
from leastloss.pruning.quotas import quotas_of
from leastloss.pruning.recovery.automatic import recovery_for
from leastloss.pruning.recovery.base import Recovery
from leastloss.pruning.schedule import SCHEDULES, cuts_at, targets, within
from leastloss.pruning.scorer import Scorer


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a path begins with.

    Attributes:
        dense: A copy of the network, in evaluation mode.
        data: Its data.
        parts: The numbered parts.
        rounds: For each step, how many parts are gone after each of its rounds.
        recovery: What repairs the network.
        scorer: Chooses the next parts.
        settings: What the path was asked for, and the criterion's facts.
    """

    dense: nn.Module
    data: Data
    parts: Parts
    rounds: list[NDArray[np.int64]]
    recovery: Recovery
    scorer: Scorer
    settings: dict[str, object]


def begin_path(
    model: nn.Module,
    data: Any,
    criterion: str | Criterion,
    *,
    granularity: str,
    to_sparsity: float,
    steps: int,
    sparsities: Sequence[float] | None,
    spacing: str,
    substeps: int,
    schedule: str,
    recovery: str | Recovery,
    balance: str,
    allocation: str | PruningPath,
    seed: int,
    layers: Sequence[str] | None,
    noise: Sequence[str],
    zeros: str = "held",
    empty_layers: bool = False,
) -> Start:
    """Read and check what :func:`leastloss.prune` is given; nothing is scored or repaired yet.

    It costs next to nothing, so that it can be tried on a network that is yet to be trained.

    Raises:
        InputError: As :func:`leastloss.prune`.
    """
    check_module(model)
    criterion, recovery = as_criterion(criterion), recovery_for(recovery, model)
    criterion.check_schedule(choose("schedule", schedule, SCHEDULES))
    if balance != "none" and not recovery.keeps_weights:
        raise InputError(
            f"balance {shown(balance)} needs signs that stay; a recovery that moves weights, as "
            f"{recovery.label!r} does, changes them"
        )
    dense = own_copy(model).eval()
    if isinstance(layers, str):
        raise InputError(f"layers is the text {layers!r}; give a list, as in ['{layers}']")
    hold_zeros(dense, zeros)
    parts = Parts.of(dense, granularity, None if layers is None else list(layers))
    if empty_layers:
        check_empty_layers(parts.granularity)
    gone = len(parts.held)
    if sparsities is None:
        cuts = targets(len(parts), to_sparsity, steps, spacing, gone)
    else:
        cuts = cuts_at(len(parts), sparsities, gone)
        to_sparsity, steps = float(sparsities[-1]), len(cuts)
    rounds = within(cuts, len(parts), substeps, spacing, gone)
    parts.check_room(int(cuts[-1]), empty_layers=empty_layers)
    data = as_data(data)  # not by the seed of pruning: what is test stays test
    check_network(dense, data.train)
    check_usage(dense, data.train.x[:8], list(parts.dense))
    if parts.consumers:
        check_chain(dense, data.train.x[:8], parts.consumers)
    quotas = quotas_of(dense, parts, cuts, balance, allocation, empty_layers)
    at_once = int(cuts[-1]) - gone if recovery.keeps_weights else 0
    scorer = Scorer(criterion, parts, data, seed, quotas, at_once, empty_layers)
    follows = "" if isinstance(allocation, str) else str(allocation.settings["criterion"])
    label = "@".join(filter(None, [criterion.label, follows]))
    settings: dict[str, object] = {
        "criterion": label,
        "granularity": granularity,
        "to_sparsity": to_sparsity,
        "steps": steps,
        "sparsities": None if sparsities is None else [float(share) for share in sparsities],
        "spacing": spacing,
        "substeps": substeps,
        "schedule": schedule,
        "recovery": recovery.label,
        "balance": balance,
        "allocation": follows or allocation,
        "noise": [f"{name}:{severity}" for name, severity in read_noise(noise)],
        "seed": seed,
        "layers": None if layers is None else list(layers),
        "zeros": zeros,
        "empty_layers": empty_layers,
        "options": dict(vars(criterion)),
        "facts": criterion.facts(scorer.context(dense, parts.held)),
    }
    if noise:
        settings["noise_scale"] = noise_scale(data.test.x, data.train.x).kind
    return Start(
        dense=dense,
        data=data,
        parts=parts,
        rounds=rounds,
        recovery=recovery,
        scorer=scorer,
        settings=settings,
    )
