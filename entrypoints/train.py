"""Train a network and log it to MLflow."""

from leastloss.cli import command, loading
from leastloss.experiment.config import TrainConfig


@command(TrainConfig)
def train_command(config: TrainConfig) -> None:
    """Train a network and log it to MLflow.

    The run holds the parameters, the loss and accuracy of every epoch, the metrics on the test
    images, the weights and the network as a logged model. Its id is what `prune --run-id` and
    `robustness --run-id` take.

    \b
    Examples:
      mlflow run . -e train
      mlflow run . -e train -P dataset=mnist -P imbalance=none -P hidden=256,256,256
      python entrypoints/train.py --dataset mnist --model mlp --hidden 300,100
    """
    with loading():  # after parsing, so that --help answers at once
        from leastloss.experiment.train import train

    train(config)


if __name__ == "__main__":
    train_command()
