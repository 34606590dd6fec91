"""The start of a path: everything that is fixed before the first removal, and its checks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from leastloss.criteria import GRANULARITIES, Criterion, as_criterion
from leastloss.data import Data, as_data, noise_scale
from leastloss.errors import InputError, choose
from leastloss.evaluation import check_network
from leastloss.models import check_module, check_usage, hold_zeros, own_copy
from leastloss.options import fields_of
from leastloss.plan import Plan
from leastloss.pruning.masks import Parts
from leastloss.pruning.noise import read_noise
from leastloss.pruning.path import PruningPath
from leastloss.pruning.quotas import quotas_of
from leastloss.pruning.recovery.base import Recovery
from leastloss.pruning.recovery.registry import recovery_for
from leastloss.pruning.resume import Pruned, pruned_from
from leastloss.pruning.schedule import rounds_of
from leastloss.pruning.scorer import Scorer

_TRIED = 8  # samples that a network is tried with


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
        plan: What the path was asked for.
        settings: The same as plain values, and the criterion's facts.
        order: Numbers of the parts that are gone before the first step.
        resumed: The network that the path goes on from, if it is not the dense one.
    """

    dense: nn.Module
    data: Data
    parts: Parts
    rounds: list[NDArray[np.int64]]
    recovery: Recovery
    scorer: Scorer
    plan: Plan
    settings: dict[str, object]
    order: NDArray[np.int64]
    resumed: nn.Module | None = None


def check_plan(plan: Plan, recovery: Recovery) -> None:
    """Refuse options that do not go together, whatever the network and the score.

    Raises:
        InputError: If so, or a name is unknown.
    """
    units = choose("granularity", plan.granularity, GRANULARITIES) == "unit"
    signs = plan.balance != "none"
    if units and plan.may_empty_layers:
        raise InputError("empty_layers is for weights; a layer always keeps one unit")
    if units and signs:
        raise InputError("balance 'polarity' is for weights; units have no sign")
    if signs and not recovery.keeps_weights:
        raise InputError(
            f"balance {plan.balance!r} needs signs that stay; a recovery that moves weights, as "
            f"{recovery.label!r} does, changes them"
        )
    rule = plan.allocation
    if units and rule in ("erk", "lamp"):
        raise InputError(f"allocation {rule!r} is for weights; units go with 'global' or 'uniform'")
    if signs and isinstance(rule, str) and rule != "global":
        raise InputError(
            f"allocation {rule!r} looks at no signs; balance {plan.balance!r} goes with 'global' "
            "or with another path's layers"
        )
    read_noise(plan.noises)


def begin_path(
    model: nn.Module,
    data: Any,
    criterion: str | Criterion,
    plan: Plan,
    *,
    zeros: str = "held",
    resume: nn.Module | PruningPath | Pruned | None = None,
) -> Start:
    """Read and check what :func:`leastloss.prune` is asked for; nothing is scored or repaired yet.

    It costs next to nothing, so that it can be tried on a network that is yet to be trained.

    Raises:
        InputError: As :func:`leastloss.prune`.
    """
    check_module(model)
    criterion, recovery = as_criterion(criterion), recovery_for(plan.recovery, model)
    check_plan(plan, recovery)
    criterion.check_schedule(plan.schedule)
    dense = own_copy(model).eval()
    hold_zeros(dense, zeros)
    data = as_data(data)  # not by the seed of pruning: what is test stays test
    check_network(dense, data.train)
    sample = data.train.x[:_TRIED]
    parts = Parts.of(dense, plan.granularity, plan.layer_names, sample)
    resumed, order = None, parts.held
    if resume is not None:
        resumed, order = pruned_from(dense, parts, resume, plan.layer_names, sample)
    missing = len(order)
    rounds = rounds_of(plan, len(parts), missing)
    cuts = np.array([step[-1] for step in rounds])
    empty_layers = plan.may_empty_layers
    parts.check_room(int(cuts[-1]), empty_layers=empty_layers)
    check_usage(dense, sample, list(parts.dense))
    quotas = quotas_of(dense, parts, cuts, plan.balance, plan.allocation, empty_layers)
    at_once = int(cuts[-1]) - missing if recovery.keeps_weights else 0
    scorer = Scorer(criterion, parts, data, plan.seed, quotas, at_once, empty_layers, missing)
    path = plan.allocation
    follows = "" if isinstance(path, str) else str(path.settings["criterion"])
    settings: dict[str, object] = {
        "criterion": "@".join(filter(None, [criterion.label, follows])),
        **{name: getattr(plan, name) for name in fields_of(Plan)},
        **plan.steps_taken,
        "sparsities": None if plan.shares is None else [float(share) for share in plan.shares],
        "recovery": recovery.label,
        "allocation": follows or path,
        "noise": [f"{name}:{severity}" for name, severity in read_noise(plan.noises)],
        "layers": plan.layer_names,
        "zeros": zeros,
        "empty_layers": empty_layers,
        "options": dict(vars(criterion)),
        "facts": criterion.facts(scorer.context(dense, parts.held)),
    }
    if resumed is not None:
        settings["resumed_at"] = missing / len(parts)
    if plan.noises:
        settings["noise_scale"] = noise_scale(data.test.x, data.train.x).kind
    return Start(
        dense=dense,
        data=data,
        parts=parts,
        rounds=rounds,
        recovery=recovery,
        scorer=scorer,
        plan=plan,
        settings=settings,
        order=order,
        resumed=resumed,
    )
