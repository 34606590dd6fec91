"""What all child runs of a prune run share: parameters, columns of the table, tags."""

from collections.abc import Sequence

import click
import pandas as pd

from leastloss import tracking
from leastloss.evaluation import failure_sentences
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import Dense
from leastloss.experiment.stored_network import PRUNED as PRUNED
from leastloss.options import parameters
from leastloss.pruning import recovery_for
from leastloss.tracking import Run

TABLE = "table.csv"
OF_RUN = "leastloss.of_run"  # the runs behind a comparison or a robustness run
REMARKS = "leastloss.remarks"
NOISE_FAILED = "leastloss.failed_under_noise"
_TAG = 5000  # characters that every MLflow store accepts in a tag


def child_parameters(config: PruneConfig, label: str, dense: Dense) -> dict[str, str]:
    """The parameters of a child run; those of the training come from the dense network."""
    params = parameters(config) | dense.settings | {"seed": str(config.seed)}
    params |= {"criterion": label, "run_id": dense.run_id, "dense_seed": dense.settings["seed"]}
    params |= {key: str(value) for key, value in config.steps_taken.items()}
    return params | {"recovery": recovery_for(config.recovery, dense.model).label}


def tell_failures(run_id: str, table: pd.DataFrame) -> None:
    """Print which noise broke a network and from which step on; write it to a tag of the run."""
    if failures := "; ".join(failure_sentences(table)):
        click.echo(f"failed under noise, so NaN there: {failures}", err=True)
        tracking.log_tags(run_id, {NOISE_FAILED: failures})


def tell_remarks(run_id: str, label: str, remarks: Sequence[str], *, aloud: bool) -> None:
    """Write the remarks on a path to a tag of its run, one per line; print them if ``aloud``."""
    if remarks:
        tracking.log_tags(run_id, {REMARKS: "\n".join(remarks)[:_TAG]})
    for remark in remarks if aloud else ():
        click.echo(f"{label}: {remark}")


def commit_of(run: Run) -> str:
    """The commit that made a run, and whether there were changes on top of it."""
    changes = " with changes" if run.data.tags.get("git.dirty") == "true" else ""
    return run.data.tags.get("git.commit", "unknown")[:10] + changes


def labelled(table: pd.DataFrame, criterion: str, seed: int, dense: Dense) -> pd.DataFrame:
    """Add the columns that identify a child run to its table."""
    table.insert(0, "criterion", criterion)
    table.insert(1, "seed", seed)
    table.insert(2, "dataset", dense.data.name)
    table.insert(3, "network", dense.name)
    return table
