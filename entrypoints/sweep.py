"""Run the studies of an experiment file and write their pages of results."""

from leastloss.cli import command, loading
from leastloss.experiment.config import SweepConfig


@command(SweepConfig)
def sweep_command(config: SweepConfig) -> None:
    """Run a whole study, seeds times arms, and publish what it shows.

    The experiment file names the network, the arms (criteria with their settings) and the seeds.
    For each seed one dense network is trained, and every arm prunes it; all runs go to an MLflow
    experiment with the name of the study's section. What is there already is not done again, so a
    sweep that was interrupted goes on where it stopped. In the end its page in docs/results/,
    its figures in docs/images/, its table in results/ and its entry in RESULTS.md are written from
    the tracked runs alone. A file with a grid holds several studies, which run one after the other.
    docs/experiments.md explains the file.

    \b
    Examples:
      mlflow run . -e sweep
      mlflow run . -e sweep -P file=experiments/<study>.toml -P workers=2
      mlflow run . -e sweep -P file=experiments/nc_seed.toml -P sections=nc-seed-01
      python entrypoints/sweep.py --file experiments/<study>.toml --seeds 0,1 --report no
      python entrypoints/sweep.py --file experiments/<study>.toml --report only
    """
    with loading():  # after parsing, so that --help answers at once
        from leastloss.experiment.study.sweep import sweep

    sweep(config)


if __name__ == "__main__":
    sweep_command()
