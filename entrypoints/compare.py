"""Compare criteria over finished prune runs: figures, a table, a page."""

from leastloss.cli import command
from leastloss.experiment.config import CompareConfig


@command(CompareConfig)
def compare_command(config: CompareConfig) -> None:
    """Draw metrics against sparsity for all criteria and write a page.

    Takes prune runs by id, or all finished ones of an experiment; runs of one criterion that differ
    in their seed are averaged, with 95 % intervals. Logs figures, the table as CSV and a
    self-contained HTML page to a run of its own, and prints where they are.

    \b
    Examples:
      mlflow run . -e compare
      mlflow run . -e compare -P runs=<id>,<id> -P metrics=balanced_accuracy,minority_recall
      python entrypoints/compare.py --experiment Default
    """
    from leastloss.experiment.compare import compare  # after parsing: --help answers at once

    compare(config)


if __name__ == "__main__":
    compare_command()
