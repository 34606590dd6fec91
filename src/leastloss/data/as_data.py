"""Whatever a caller has, as a data set in memory."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset
from tqdm.auto import tqdm

from leastloss.data.class_names import as_texts, numbered_labels
from leastloss.data.container import Data
from leastloss.errors import InputError

_BATCH = 1024  # for loaders whose batches their own sampler makes


def as_data(obj: object, seed: int = 0) -> Data:
    """Return ``obj`` as `Data`.

    Args:
        obj: A `Data` (returned as it is), a pair (inputs, labels) of tensors or arrays, or a
            ``torch.utils.data.DataLoader`` that yields such pairs, or lists or tuples of texts as
            labels. Pairs and loaders are split 60/20/20, stratified. The samples that a loader
            draws are read once each, in the order of its data set: one that is drawn twice would be
            in train and in test. So an ``IterableDataset`` is read without workers, each of which
            might give all of it.
        seed: Seed of the split.

    Raises:
        InputError: If it is none of these, or what it holds does not fit (see
            `Data.from_tensors`).

    Example:
        >>> as_data((torch.rand(20, 3), torch.arange(20) % 2)).train.counts().tolist()
        [6, 6]
    """
    if isinstance(obj, Data):
        return obj
    if isinstance(obj, DataLoader):
        x, y = gather(obj)
        if isinstance(y, torch.Tensor):
            return Data.from_tensors((x, y), seed=seed)
        numbers, names, classes = numbered_labels({"train": y})
        return Data.from_tensors(
            (x, numbers["train"]), classes=classes, class_names=names, seed=seed
        )
    if isinstance(obj, tuple | list) and len(obj) == 2:
        return Data.from_tensors((obj[0], obj[1]), seed=seed)
    raise InputError(
        f"data is {type(obj).__name__}; it must be Data, a pair (inputs, labels) of tensors or "
        "arrays, or a torch DataLoader"
    )


def gather(loader: DataLoader[Any]) -> tuple[torch.Tensor, torch.Tensor | NDArray[Any]]:
    """Inputs and labels of all samples that a loader draws, each once, in the data set's order.

    Labels are a tensor, or an array where batches have lists or tuples of texts.

    Raises:
        InputError: If it yields anything but such pairs, or samples of several shapes.

    Example:
        >>> pairs = [(torch.ones(2), 0), (torch.zeros(2), 1)]
        >>> gather(DataLoader(pairs, batch_size=1, shuffle=True))[1]
        tensor([0, 1])
    """
    inputs: list[torch.Tensor] = []
    labels: list[torch.Tensor | NDArray[Any]] = []
    # Shown only at a terminal and after two seconds: most loaders are done before.
    for batch in tqdm(_in_order(loader), desc="gathering", delay=2, disable=None):
        if (
            not isinstance(batch, tuple | list)
            or len(batch) != 2
            or not isinstance(batch[0], torch.Tensor)
            or (y := _labels(batch[1])) is None
        ):
            raise InputError(
                "the DataLoader must yield pairs (inputs, labels) of tensors; labels may be a list "
                "or tuple of texts"
            )
        inputs.append(batch[0])
        labels.append(y)
    if not inputs:
        raise InputError("the DataLoader yields no batch")
    tensors = [y for y in labels if isinstance(y, torch.Tensor)]
    texts = [y for y in labels if not isinstance(y, torch.Tensor)]
    if tensors and texts:
        raise InputError("the DataLoader's labels are texts in some batches only")
    try:
        return torch.cat(inputs), np.concatenate(texts) if texts else torch.cat(tensors)
    except RuntimeError as error:
        raise InputError("the DataLoader's batches differ in sample shape") from error


def _labels(value: object) -> torch.Tensor | NDArray[Any] | None:
    """The labels of a batch; None: they are neither a tensor nor texts."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, list | tuple) and value:
        for kind in (str, bytes):
            if all(isinstance(label, kind) for label in value):
                return as_texts(np.array(value))
    return None


def _in_order(loader: DataLoader[object]) -> DataLoader[object]:
    """A loader of the same samples in the order of the data set, each of them once."""
    dataset, drawn = loader.dataset, loader.batch_sampler
    workers = loader.num_workers
    if isinstance(dataset, IterableDataset):
        # Each worker would walk through the whole data set, or through its share, as the data set
        # sees fit. Without workers it is walked through once.
        workers = 0
    elif drawn is not None and loader.batch_size is None:
        # Batches that a sampler of the caller's makes.
        dataset = _chosen(dataset, chain.from_iterable(drawn))
    else:  # also where the data set makes its own batches, and a sampler says which
        dataset = _chosen(dataset, loader.sampler)
    return DataLoader(
        dataset,
        batch_size=None if drawn is None else loader.batch_size or _BATCH,
        num_workers=workers,
        collate_fn=loader.collate_fn,
        # A loader without a generator draws a number from the global one, and so would change it.
        generator=torch.Generator(),
    )


def _chosen(dataset: Dataset[object], drawn: Iterable[Any]) -> Dataset[object]:
    with torch.random.fork_rng():  # samplers draw from the global generator unless told otherwise
        return Subset(dataset, sorted({int(index) for index in drawn}))
