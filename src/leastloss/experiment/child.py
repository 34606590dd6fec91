"""What every child run of a prune run is known by: its parameters, and the columns of its table."""

import pandas as pd

from leastloss.experiment.config import PruneConfig, parameters
from leastloss.experiment.dense import Dense
from leastloss.experiment.rehearsal import pruning_options
from leastloss.pruning import recovery_for

PRUNED = "pruned_weights.safetensors"
TABLE = "table.csv"


def child_parameters(config: PruneConfig, label: str, dense: Dense) -> dict[str, str]:
    """The parameters of a child; a network that comes from a run brings those of its training."""
    own = parameters(config) | dense.settings | {"seed": str(config.seed)}
    own |= {"criterion": label, "run_id": dense.run_id, "dense_seed": dense.settings["seed"]}
    options = pruning_options(config)
    own |= {key: str(options[key]) for key in ("to_sparsity", "steps")}
    return own | {"recovery": recovery_for(config.recovery, dense.model).label}


def labelled(table: pd.DataFrame, criterion: str, seed: int, dense: Dense) -> pd.DataFrame:
    """The table of one child with the columns that tell children apart."""
    table.insert(0, "criterion", criterion)
    table.insert(1, "seed", seed)
    table.insert(2, "dataset", dense.data.name)
    table.insert(3, "network", dense.name)
    return table
