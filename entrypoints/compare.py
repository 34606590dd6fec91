"""Compare criteria over finished prune runs: figures, a table, a page."""

from leastloss.cli import command, loading
from leastloss.experiment.config import CompareConfig


@command(CompareConfig)
def compare_command(config: CompareConfig) -> None:
    """Compare methods and write a page that says what they lose, and how sure that is.

    Takes prune runs by id, or all finished ones of an experiment; runs of one method that differ
    in their seed are averaged, with 95 % intervals, and methods are compared seed by seed, each
    from the same dense network. Logs a self-contained HTML page, figures and the table as CSV to a
    run of its own, and prints where they are. The page says in plain words what the numbers show:
    how far each metric stays near the dense network's, which differences are shown, which controls
    are missing, what it costs; and it holds the command of every row. Runs of different data or of
    different dense networks are refused; of fewer than three seeds no difference is told.

    \b
    Examples:
      mlflow run . -e compare
      mlflow run . -e compare -P runs=<id>,<id> -P metrics=balanced_accuracy,minority_recall
      python entrypoints/compare.py --experiment seeds-digits --sparsities 0.5,0.8,0.9
      python entrypoints/compare.py --experiment nc-fashion-exp --against "magnitude;lamp"
    """
    with loading():  # after parsing, so that --help answers at once
        from leastloss.experiment.compare_run.compare import compare

    compare(config)


if __name__ == "__main__":
    compare_command()
