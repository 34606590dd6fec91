"""Passes over the training split until the validation loss falls no more."""

import copy
import time
from collections.abc import Callable, Iterator, Mapping

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.lr_scheduler import LRScheduler
from tqdm.auto import tqdm

from leastloss.data import Data, Split, augmentation_for, augmented
from leastloss.errors import ResourceError
from leastloss.losses import Loss, labels_in, training_loss, validation_weights
from leastloss.models import Masks, hold_masks, matched, watch_flips
from leastloss.optimizers import schedule_for
from leastloss.seeds import stream, torch_stream


def batches(split: Split, batch_size: int, generator: torch.Generator) -> Iterator[list[Tensor]]:
    """Walk once through a split in random order; no batch has a single sample if it can be helped.

    BatchNorm cannot train on one sample, so a last batch of one joins the batch before it.
    """
    order = torch.randperm(len(split), generator=generator).to(split.y.device)
    chunks = list(order.split(batch_size))
    if len(chunks) > batches_of(len(split), batch_size):
        last = chunks.pop()
        chunks[-1] = torch.cat([chunks[-1], last])
    for chunk in chunks:
        yield [split.x[chunk], split.y[chunk]]


def batches_of(samples: int, batch_size: int) -> int:
    """How many batches an epoch has.

    Example:
        >>> batches_of(6, 3), batches_of(7, 3), batches_of(8, 3), batches_of(1, 3)
        (2, 2, 3, 1)
    """
    full, rest = divmod(samples, batch_size)
    return max(1, full + (rest > 1))


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
    return loss / len(split.labels), hits / len(split.labels)


def train_epoch(
    model: nn.Module,
    split: Split,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    generator: torch.Generator,
    loss_of: Loss,
    masks: Masks,
    augment: Callable[[Tensor], Tensor] = lambda x: x,
    schedule: LRScheduler | None = None,
    train_norms: bool = True,
) -> float:
    """Step the optimiser, and its schedule, after every batch; returns the mean loss.

    Without ``train_norms``, BatchNorm goes by its running statistics and leaves them as they are.
    """
    model.train()
    for module in model.modules() if not train_norms else ():
        if isinstance(module, _BatchNorm):
            module.eval()
    device = next(model.parameters()).device
    total = torch.zeros((), device=device)
    for x, labels in batches(split, batch_size, generator):
        y = labels.to(device)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(matched(model, augment(x))), y)
        loss.backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
        hold_masks(model, masks)
        total += loss.detach() * labels_in(y)
    return total.item() / len(split.labels)


def train(
    model: nn.Module,
    data: Data,
    masks: Masks,
    *,
    epochs: int,
    patience: int,
    lr: float,
    batch_size: int,
    loss: str,
    optimizer: str,
    augment: str,
    seed: int,
    progress: bool,
    train_norms: bool = True,
    on_epoch: Callable[[int, nn.Module], Mapping[str, float]] | None = None,
) -> pd.DataFrame:
    """Train a network that fits its data, with some masks held; see :func:`leastloss.fit`.

    ``masks`` maps layers to masks; they are held, and so are the masks that layers remember.
    ``train_norms`` says whether BatchNorm takes the statistics of each batch, or stays as it is.

    Raises:
        ResourceError: If the loss stops being finite.
    """
    loss_of, weights = training_loss(loss, data.train), validation_weights(loss, data.val)
    generator = torch_stream(seed, "batches")
    steps = batches_of(len(data.train), batch_size)
    plan = schedule_for(optimizer, model, lr=lr, epochs=epochs, batches=steps)
    images, draws = augmentation_for(augment, data), torch_stream(seed, "augmentation")
    best_loss, best_epoch, best_state = float("inf"), 0, copy.deepcopy(model.state_dict())
    rows: list[dict[str, float]] = []
    watch_flips(model)
    bar = tqdm(
        range(1, plan.epochs + 1),
        desc="train",
        unit="epoch",
        disable=None if progress else True,
        leave=False,
    )
    for epoch in bar:
        start, rate = time.perf_counter(), plan.optimizer.param_groups[0]["lr"]
        # Dropout draws from the global generator: give it a state of ours, and take it back.
        with torch.random.fork_rng():
            torch.manual_seed(int(stream(seed, f"dropout/{epoch}").integers(2**63)))
            train_loss = train_epoch(
                model,
                data.train,
                plan.optimizer,
                batch_size,
                generator,
                loss_of,
                masks,
                lambda x: augmented(x, images, draws),
                plan.by_batch,
                train_norms,
            )
        if plan.by_epoch is not None:
            plan.by_epoch.step()
        val_loss, val_accuracy = _validate(model, data.val, weights)
        if not (train_loss < float("inf") and val_loss < float("inf")):
            raise ResourceError(
                f"training diverged in epoch {epoch} (loss {train_loss}); lower lr={rate:g}"
            )
        seconds = time.perf_counter() - start
        row = {"epoch": epoch, "train_loss": train_loss, "val_loss": val_loss}
        row |= {"val_accuracy": val_accuracy, "lr": rate, "seconds": seconds}
        rows.append(row | dict(on_epoch(epoch, model) if on_epoch else {}))
        bar.set_postfix(
            loss=f"{train_loss:.4f}", val_loss=f"{val_loss:.4f}", val_accuracy=f"{val_accuracy:.3f}"
        )
        if val_loss < best_loss:
            best_loss, best_epoch = val_loss, epoch
            best_state = copy.deepcopy(model.state_dict())
        elif epoch - best_epoch >= patience:
            break
    bar.close()
    model.load_state_dict(best_state)
    model.eval()
    return pd.DataFrame(rows)
