"""Whatever a caller has, as a data set in memory."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader, RandomSampler
from tqdm.auto import tqdm

from leastloss.data.container import Data
from leastloss.errors import InputError


def as_data(obj: object, seed: int = 0) -> Data:
    """Return ``obj`` as `Data`.

    Args:
        obj: A `Data` (returned as it is), a pair (inputs, labels) of tensors or arrays, or a
            ``torch.utils.data.DataLoader`` that yields such pairs. Pairs and loaders are split
            60/20/20, stratified. A loader is walked through once; where it shuffles, its data set
            is read in order instead, so that the split depends on ``seed`` alone.
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
        return Data.from_tensors(_gather(obj), seed=seed)
    if isinstance(obj, tuple | list) and len(obj) == 2:
        return Data.from_tensors((obj[0], obj[1]), seed=seed)
    raise InputError(
        f"data is {type(obj).__name__}; it must be Data, a pair (inputs, labels) of tensors or "
        "arrays, or a torch DataLoader"
    )


def _gather(loader: DataLoader[object]) -> tuple[torch.Tensor, torch.Tensor]:
    inputs: list[torch.Tensor] = []
    labels: list[torch.Tensor] = []
    # Shown only at a terminal and after two seconds: most loaders are done before.
    for batch in tqdm(_in_order(loader), desc="gathering", delay=2, disable=None):
        if (
            not isinstance(batch, tuple | list)
            or len(batch) != 2
            or not all(isinstance(part, torch.Tensor) for part in batch)
        ):
            raise InputError("the DataLoader must yield pairs (inputs, labels) of tensors")
        inputs.append(batch[0])
        labels.append(batch[1])
    if not inputs:
        raise InputError("the DataLoader yields no batch")
    try:
        return torch.cat(inputs), torch.cat(labels)
    except RuntimeError as error:
        raise InputError("the DataLoader's batches differ in sample shape") from error


def _in_order(loader: DataLoader[object]) -> DataLoader[object]:
    sampler = loader.sampler
    if not isinstance(sampler, RandomSampler) or sampler.replacement or loader.batch_size is None:
        return loader
    if sampler.num_samples != len(sampler.data_source):
        return loader
    return DataLoader(
        loader.dataset,
        batch_size=loader.batch_size,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        # A loader without a generator draws a number from the global one, and so would change it.
        generator=torch.Generator(),
    )
