"""What is trained, and how it is pruned but for the criteria, checked by the words alone."""

from typing import Any

from leastloss.criteria import GRANULARITIES
from leastloss.data import DATASETS, PROFILES
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig, TrainConfig, names, numbers
from leastloss.information import BOUNDARIES, ENCODINGS
from leastloss.losses import LOSSES
from leastloss.models import MODELS, BinarizedMLP
from leastloss.names import choose
from leastloss.pruning import (
    BALANCES,
    SCHEDULES,
    as_recovery,
    check_allocation,
    check_empty_layers,
    cuts_at,
    read_noise,
    spelled,
    targets,
    within,
)


def binary_model(name: str) -> bool:
    """Whether networks of this name have binary layers."""
    return MODELS[choose("model", name, MODELS)] is BinarizedMLP


def steps_of(config: PruneConfig) -> dict[str, Any]:
    """The steps as pruning takes them."""
    shares = numbers(config.sparsities, float, "sparsities")
    if not shares:
        return {"to_sparsity": config.to_sparsity, "steps": config.steps, "sparsities": None}
    return {"to_sparsity": shares[-1], "steps": len(shares), "sparsities": shares}


def check_training_axes(config: TrainConfig) -> None:
    """Refuse names of data, network or loss that there are not.

    Raises:
        InputError: If one is unknown.
    """
    choose("data set", config.dataset, DATASETS)
    choose("imbalance profile", config.imbalance, PROFILES)
    choose("model", config.model, MODELS)
    choose("loss", config.loss, LOSSES)


def check_axes(config: PruneConfig) -> None:
    """Refuse what no network can be pruned by.

    Raises:
        InputError: If a name is unknown, or options do not go together.
    """
    check_training_axes(config)
    choose("granularity", config.granularity, GRANULARITIES)
    choose("schedule", config.schedule, SCHEDULES)
    choose("encoding", config.encoding, ENCODINGS)
    choose("boundary", config.boundary, BOUNDARIES)
    # The network of a run shows later; auto keeps weights in some of them.
    binary = bool(config.run_id) or binary_model(config.model)
    recovery = as_recovery(spelled(config.recovery, binary=binary))
    if config.permutations == 1:
        raise InputError(f"permutations is {config.permutations}; it must be 0, or at least 2")
    if config.empty_layers == "yes":
        check_empty_layers(config.granularity)
    if choose("balance", config.balance, BALANCES) != "none" and config.granularity == "unit":
        raise InputError("balance 'polarity' is for weights; units have no sign")
    if config.balance != "none" and not recovery.keeps_weights:
        raise InputError(
            f"balance 'polarity' needs signs that stay; recovery {recovery.label!r} moves them"
        )
    check_allocation(config.allocation, config.granularity, config.balance)
    read_noise(names(config.noise))
    if config.layers and config.granularity == "unit":
        raise InputError("layers can be named for the granularity 'weight' only")
    _check_steps(config)


def _check_steps(config: PruneConfig) -> None:
    """Refuse steps that no network of some size can take; its true size may show later."""
    units = sum(numbers(config.hidden, int, "hidden"))
    known = config.granularity == "unit" and not config.run_id and units > 0
    parts = units if known else 1_000_000
    shares = numbers(config.sparsities, float, "sparsities")
    if shares:
        cuts = cuts_at(parts, shares)
    else:
        cuts = targets(parts, config.to_sparsity, config.steps, config.spacing)
    within(cuts, parts, config.substeps, config.spacing)
