"""Training with early stopping, from tensors that stay in memory."""

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm.auto import tqdm

from leastloss.arguments import checked
from leastloss.data import Split, as_data
from leastloss.errors import InputError, ResourceError
from leastloss.evaluation.trial import check_network, check_trains
from leastloss.losses import LOSSES, Loss, training_loss, validation_weights
from leastloss.models.layers import hold_masks, watch_flips
from leastloss.models.running import matched
from leastloss.models.untouched import check_module
from leastloss.names import choose
from leastloss.seeds import stream, torch_stream

MOST, MOST_LR = 10**6, 1000


def batches(split: Split, batch_size: int, generator: torch.Generator) -> Iterator[list[Tensor]]:
    """Walk once through a split in random order; no batch has a single sample if it can be helped.

    BatchNorm cannot train on one sample, so a last batch of one joins the batch before it.
    """
    order = torch.randperm(len(split), generator=generator).to(split.y.device)
    chunks = list(order.split(batch_size))
    if len(chunks) > 1 and len(chunks[-1]) == 1:
        last = chunks.pop()
        chunks[-1] = torch.cat([chunks[-1], last])
    for chunk in chunks:
        yield [split.x[chunk], split.y[chunk]]


@torch.no_grad()
def _validate(
    model: nn.Module, split: Split, weights: Tensor | None, batch_size: int = 512
) -> tuple[float, float]:
    """Mean cross-entropy, by class weights if there are any, and accuracy in evaluation mode."""
    model.eval()
    loss, hits = 0.0, 0
    for x, labels in zip(split.x.split(batch_size), split.y.split(batch_size), strict=True):
        logits = model(matched(model, x))
        y = labels.to(logits.device)
        weight = None if weights is None else weights.to(logits)
        loss += functional.cross_entropy(logits, y, weight=weight, reduction="sum").item()
        hits += int((logits.argmax(1) == y).sum())
    return loss / len(split), hits / len(split)


def _train_epoch(
    model: nn.Module,
    split: Split,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    generator: torch.Generator,
    loss_of: Loss,
) -> float:
    model.train()
    device = next(model.parameters()).device
    total = torch.zeros((), device=device)
    for x, labels in batches(split, batch_size, generator):
        y = labels.to(device)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(matched(model, x)), y)
        loss.backward()
        optimizer.step()
        hold_masks(model)
        total += loss.detach() * len(y)
    return total.item() / len(split)


def check_training(
    *, epochs: int, patience: int, lr: float, batch_size: int, loss: str = "plain"
) -> None:
    """Refuse options of training before anything costs time.

    Raises:
        InputError: If a number is out of range or the loss unknown.
    """
    counts = 1 <= epochs <= MOST and 1 <= patience <= MOST and 2 <= batch_size <= MOST
    if not counts or not 0.0 < lr <= MOST_LR:
        raise InputError(
            f"epochs={epochs}, patience={patience}, batch_size={batch_size}, lr={lr}: epochs and "
            f"patience must be at least 1, batch_size at least 2 and lr above 0; none of the "
            f"counts above {MOST:,} and lr not above {MOST_LR:,}"
        )
    choose("loss", loss, LOSSES)


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
    seed: int = 0,
    progress: bool = True,
    on_epoch: Callable[[int, nn.Module], Mapping[str, float]] | None = None,
) -> pd.DataFrame:
    """Train with Adam and early stopping on the validation loss; restore the best weights.

    The learning rate falls from ``lr`` to zero along half a cosine over ``epochs``. The best state
    is *copied* when it is reached, since ``state_dict()`` alone would keep changing.

    What is pruned stays pruned: masks are held after every optimiser step. Binary layers count how
    often each weight changes its sign; the counts belong to the state that is restored.

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
        seed: Seed of the batch order and of dropout.
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
    check_training(epochs=epochs, patience=patience, lr=lr, batch_size=batch_size, loss=loss)
    check_module(model)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(
            "all parameters of the network are frozen (requires_grad=False); training needs one "
            "that is not"
        )
    data = as_data(data)
    check_network(model, data.train)
    check_trains(model)
    loss_of, weights = training_loss(loss, data.train), validation_weights(loss, data.val)
    generator = torch_stream(seed, "batches")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    best_loss, best_epoch, best_state = float("inf"), 0, copy.deepcopy(model.state_dict())
    rows: list[dict[str, float]] = []
    watch_flips(model)
    bar = tqdm(
        range(1, epochs + 1),
        desc="train",
        unit="epoch",
        disable=None if progress else True,
        leave=False,
    )
    for epoch in bar:
        start, rate = time.perf_counter(), optimizer.param_groups[0]["lr"]
        # Dropout draws from the global generator: give it a state of ours, and take it back.
        with torch.random.fork_rng():
            torch.manual_seed(int(stream(seed, f"dropout/{epoch}").integers(2**63)))
            train_loss = _train_epoch(model, data.train, optimizer, batch_size, generator, loss_of)
        schedule.step()
        val_loss, val_accuracy = _validate(model, data.val, weights)
        if not (train_loss < float("inf") and val_loss < float("inf")):
            raise ResourceError(
                f"training diverged in epoch {epoch} (loss {train_loss}); lower lr={lr}"
            )
        seconds = time.perf_counter() - start
        row = {"epoch": epoch, "train_loss": train_loss, "val_loss": val_loss}
        row |= {"val_accuracy": val_accuracy, "lr": rate, "seconds": seconds}
        rows.append(row | dict(on_epoch(epoch, model) if on_epoch else {}))
        bar.set_postfix(val_loss=f"{val_loss:.4f}", val_accuracy=f"{val_accuracy:.3f}")
        if val_loss < best_loss:
            best_loss, best_epoch = val_loss, epoch
            best_state = copy.deepcopy(model.state_dict())
        elif epoch - best_epoch >= patience:
            break
    bar.close()
    model.load_state_dict(best_state)
    model.eval()
    return pd.DataFrame(rows)
