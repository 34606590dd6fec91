"""Prune one network by several criteria and log the comparison to MLflow."""

from leastloss.cli import command, loading
from leastloss.experiment.config import PruneConfig


@command(PruneConfig)
def prune_command(config: PruneConfig) -> None:
    """Prune one network by several criteria, from the same dense weights.

    Without --run-id a network is trained first. The parent run holds the dense network and the
    curves of all criteria; each criterion is a child run with the metrics of every step, the pruned
    weights, the removal order and the final network as a logged model. So are the controls of
    mils-bdm, mils-entropy and nc, without the logged model; --controls no leaves them out.

    \b
    Examples:
      mlflow run . -e prune
      mlflow run . -e prune -P run_id=<a train run> -P criteria=magnitude,random
      mlflow run . -e prune -P granularity=unit -P recovery=recalibrate
      mlflow run . -e prune -P criteria=mils-bdm:block=3,magnitude@mils-bdm:block=3
      python entrypoints/prune.py --dataset mnist --size 10 --hidden 32,16 --schedule sequential
    """
    with loading():  # after parsing, so that --help answers at once
        from leastloss.experiment.prune_run.prune import prune

    prune(config)


if __name__ == "__main__":
    prune_command()
