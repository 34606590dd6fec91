"""Recovery by training on."""

from dataclasses import dataclass

from torch import nn

from leastloss.arguments import checked
from leastloss.data import Data
from leastloss.epochs import train
from leastloss.errors import choose
from leastloss.models import Masks
from leastloss.pruning.recovery.base import Recovery, Repair
from leastloss.training import check_trainable, check_training

BATCHNORM = ("train", "frozen")


@checked
@dataclass(frozen=True, kw_only=True)
class Finetune(Recovery):
    """Train on with the masks held; the best epoch by validation loss counts.

    Attributes:
        epochs: Passes over the training split after every step.
        lr: Adam's first learning rate.
        batch_size: Samples per step of Adam.
        loss: ``plain``, ``balanced`` or ``logit-adjusted``; see :func:`leastloss.fit`.
        batchnorm: ``train``: BatchNorm normalises by each batch and averages its statistics anew;
            ``frozen``: it goes by the statistics that are there. Behind ``compensate``, which fits
            the weights to these, take ``frozen``.

    Example:
        >>> Finetune(epochs=1, batchnorm="frozen").label
        'finetune:epochs=1:batchnorm=frozen'
    """

    epochs: int = 5
    lr: float = 1e-3
    batch_size: int = 64
    loss: str = "plain"
    batchnorm: str = "train"

    def __post_init__(self) -> None:
        """Refuse wrong options before anything is pruned."""
        check_training(
            epochs=self.epochs,
            patience=self.epochs,
            lr=self.lr,
            batch_size=self.batch_size,
            loss=self.loss,
        )
        choose("batchnorm", self.batchnorm, BATCHNORM)

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Nothing to prepare; see :func:`leastloss.fit` for what every step does."""
        check_trainable(dense)

        def repair(model: nn.Module, masks: Masks) -> None:
            train(
                model,
                data,
                masks,
                epochs=self.epochs,
                patience=self.epochs,
                lr=self.lr,
                batch_size=self.batch_size,
                loss=self.loss,
                optimizer="adam",
                augment="none",
                seed=seed,
                progress=False,
                train_norms=self.batchnorm == "train",
            )

        return repair
