"""Training with early stopping, from tensors that stay in memory."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from torch import nn

from leastloss.arguments import checked
from leastloss.data import AUGMENTATIONS, as_data, augmentation_for
from leastloss.epochs import train
from leastloss.errors import InputError, choose, notice
from leastloss.evaluation import check_network, check_trains
from leastloss.losses import LOSSES
from leastloss.models import ZEROS, Masks, check_module, describe_zeros, give_up_masks, zeros_of
from leastloss.optimizers import read_optimizer

MOST, MOST_LR = 10**6, 1000


def check_training(
    *,
    epochs: int,
    patience: int,
    lr: float,
    batch_size: int,
    loss: str = "plain",
    optimizer: str = "auto",
    augment: str = "auto",
) -> None:
    """Refuse options of training before anything costs time.

    Raises:
        InputError: If a number is out of range, or the loss, optimiser or augmentation unknown.
    """
    counts = 1 <= epochs <= MOST and 1 <= patience <= MOST and 2 <= batch_size <= MOST
    if not counts or not 0.0 < lr <= MOST_LR:
        raise InputError(
            f"epochs={epochs}, patience={patience}, batch_size={batch_size}, lr={lr}: epochs and "
            f"patience must be at least 1, batch_size at least 2 and lr above 0; none of the "
            f"counts above {MOST:,} and lr not above {MOST_LR:,}"
        )
    choose("loss", loss, LOSSES)
    choose("augment", augment, AUGMENTATIONS)
    read_optimizer(optimizer)


def check_trainable(model: nn.Module) -> None:
    """Refuse a network that has nothing to train.

    Raises:
        InputError: If all of its parameters are frozen.
    """
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(
            "all parameters of the network are frozen (requires_grad=False); training needs one "
            "that is not"
        )


def _zero_masks(model: nn.Module, zeros: str) -> Masks:
    """The masks to hold; says how much they hold."""
    if choose("treatment of zeros", zeros, ZEROS) == "free":
        give_up_masks(model)
        return {}
    zero_masks = zeros_of(model)
    if zero_masks:
        notice(describe_zeros(model, zero_masks))
    return zero_masks


@checked
def fit(
    model: nn.Module,
    data: Any,
    *,
    epochs: int = 300,
    patience: int = 40,
    lr: float = 1e-3,
    batch_size: int = 64,
    loss: str = "plain",
    optimizer: str = "auto",
    augment: str = "auto",
    seed: int = 0,
    zeros: str = "held",
    progress: bool = True,
    on_epoch: Callable[[int, nn.Module], Mapping[str, float]] | None = None,
) -> pd.DataFrame:
    """Train with early stopping on the validation loss; restore the best weights.

    Adam's learning rate falls from ``lr`` to zero along half a cosine over ``epochs``. The best
    state is *copied* when it is reached, since ``state_dict()`` alone would keep changing.

    What is pruned stays pruned: masks, and weights that are exactly 0 at the start, are held after
    every optimiser step (:func:`leastloss.models.zeros.zeros_of` says which count), and one
    ``UserWarning`` says how many there are. Masks of ``torch.nn.utils.prune`` hold by themselves.
    Binary layers count how often each weight changes its sign; the counts belong to the state that
    is restored.

    Args:
        model: The network; trained in place and left in evaluation mode.
        data: A ``Data``, a pair of tensors (x, y) or a ``DataLoader`` (see
            :func:`leastloss.data.as_data`). Trains on its training split and stops by its
            validation split; the test split is not read.
        epochs: Most passes over the training split.
        patience: Stop after this many epochs without a lower validation loss.
        lr: Adam's first learning rate.
        batch_size: Samples per step.
        loss: ``plain`` cross-entropy; ``balanced``, in which every class counts alike; or
            ``logit-adjusted`` (Menon et al. 2021). The validation loss of the last two is the
            class-balanced cross-entropy.
        optimizer: ``adam``; ``sgd``, with options as in ``sgd:lr=0.1:epochs=20``, one cycle of
            Nesterov momentum with weight decay; or ``auto``: sgd for resnets and networks of
            torchvision that are built by name, adam for all others.
        augment: ``none``, ``flip``, ``crop`` or ``flip+crop`` of the training images, drawn anew in
            every epoch; ``auto``: flip+crop for CIFAR-10, crop for GTSRB, none for all others.
        seed: Seed of the batch order, of the augmentation and of dropout.
        zeros: ``held``, or ``free``: weights that are zero train like all others, and masks of this
            package are given up.
        progress: Whether to show a progress bar.
        on_epoch: Called after every epoch with its number and the network, which it must leave as
            it is; the numbers it returns join the epoch's row, and its time is not counted.

    Returns:
        One row per epoch: epoch, train_loss, val_loss, val_accuracy, lr, seconds, and what
        ``on_epoch`` says.

    Raises:
        InputError: If all parameters are frozen, an argument is out of range, or the network does
            not fit the data or is an exported program. The network is then as it was.
        ResourceError: If the loss stops being finite.

    Example:
        >>> from leastloss.data import load_data
        >>> from leastloss.models import MLP
        >>> data = load_data("digits", seed=0)
        >>> history = fit(MLP(64, (16,), 10), data, epochs=2, progress=False)
        >>> list(history["epoch"])
        [1, 2]
    """
    check_training(
        epochs=epochs,
        patience=patience,
        lr=lr,
        batch_size=batch_size,
        loss=loss,
        optimizer=optimizer,
        augment=augment,
    )
    check_module(model)
    check_trainable(model)
    data = as_data(data)
    augmentation_for(augment, data)
    check_network(model, data.train)
    check_trains(model)
    zero_masks = _zero_masks(model, zeros)
    return train(
        model,
        data,
        zero_masks,
        epochs=epochs,
        patience=patience,
        lr=lr,
        batch_size=batch_size,
        loss=loss,
        optimizer=optimizer,
        augment=augment,
        seed=seed,
        progress=progress,
        on_epoch=on_epoch,
    )
