"""What is trained, and how it is pruned but for the criteria, checked by the words alone."""

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
    choose("encoding", config.encoding, ENCODINGS)
    choose("boundary", config.boundary, BOUNDARIES)
    if config.permutations == 1:
        raise InputError(f"permutations is {config.permutations}; it must be 0, or at least 2")
    # The network of a run shows later; auto keeps weights in some of them.
    binary = bool(config.run_id) or binary_model(config.model)
    check_plan(config, as_recovery(spelled(str(config.recovery), binary=binary)))
    # The steps, too, are those of a network of some size until its true size shows.
    units = sum(numbers(config.hidden, int, "hidden"))
    known = config.granularity == "unit" and not config.run_id and units > 0
    rounds_of(config, units if known else 1_000_000)
