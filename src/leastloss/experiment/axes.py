"""Checks of the options of training and pruning that need no data and no network."""

from leastloss.data import DATASETS, PROFILES
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.information import BOUNDARIES, ENCODINGS
from leastloss.losses import LOSSES
from leastloss.models import MODELS, BinarizedMLP
from leastloss.names import choose
from leastloss.options import numbers
from leastloss.pruning import as_recovery, check_plan, rounds_of, spelled


def binary_model(name: str) -> bool:
    """Whether networks of this name have binary layers."""
    return MODELS[choose("model", name, MODELS)] is BinarizedMLP


def check_training_axes(config: TrainConfig) -> None:
    """Refuse unknown names of data sets, networks and losses.

    Raises:
        InputError: If one is unknown.
    """
    choose("data set", config.dataset, DATASETS)
    choose("imbalance profile", config.imbalance, PROFILES)
    choose("model", config.model, MODELS)
    choose("loss", config.loss, LOSSES)


def check_axes(config: PruneConfig) -> None:
    """Refuse options of pruning that are unknown or contradict each other.

    Raises:
        InputError: If a name is unknown, or options do not go together.
    """
    check_training_axes(config)
    choose("encoding", config.encoding, ENCODINGS)
    choose("boundary", config.boundary, BOUNDARIES)
    if config.permutations == 1:
        raise InputError(f"permutations is {config.permutations}; it must be 0, or at least 2")
    # A run's network is fetched later; assume binary layers until then, as auto depends on them.
    binary = bool(config.run_id) or binary_model(config.model)
    check_plan(config, as_recovery(spelled(str(config.recovery), binary=binary)))
    # The size of the network may be unknown yet: a large one stands in for it.
    units = sum(numbers(config.hidden, int, "hidden"))
    exact = config.granularity == "unit" and not config.run_id and units > 0
    rounds_of(config, units if exact else 1_000_000)
