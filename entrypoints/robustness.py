"""Expose dense and pruned networks to noise and log the damage to MLflow."""

from leastloss.cli import command, loading
from leastloss.experiment.config import RobustnessConfig


@command(RobustnessConfig)
def robustness_command(config: RobustnessConfig) -> None:
    """Measure dense and pruned networks under noise.

    Takes a train run (its dense network), a prune run (the dense network and every pruned one) or
    one child of a prune run. Reports accuracy, balanced accuracy, minority and worst-class recall,
    calibration error, flip rate (share of changed predictions) and sensitivity (change of the
    logits per unit of noise) for each noise and severity, and corruption errors against the dense
    network (mCE). All networks meet the same noise on the test images.

    \b
    Examples:
      mlflow run . -e robustness
      mlflow run . -e robustness -P run_id=<a prune run> -P sparsity=0.5,0.9
      mlflow run . -e robustness -P corruptions=gaussian,rotation -P severities=1,3,5
      mlflow run . -e robustness -P corruptions=weight-noise -P attacks=fgsm,pgd
    """
    with loading():  # after parsing, so that --help answers at once
        from leastloss.experiment.robustness_run.robustness import robustness

    robustness(config)


if __name__ == "__main__":
    robustness_command()
