"""One part of a data set, held whole in memory: inputs and labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.arguments import checked
from leastloss.data.label_maps import IGNORED, drawn, fits, is_map, labelled, owners, strata
from leastloss.errors import InputError
from leastloss.seeds import torch_stream


@checked
@dataclass(frozen=True, eq=False)
class Split:
    """Inputs and labels of one part (train, validation or test).

    Attributes:
        x: Inputs, float32, shape (n, ...); images are (n, C, H, W) in [0, 1].
        y: Labels, int64, each in 0..classes-1: one a sample, shape (n,); or one a pixel or other
            position, (n, H, W) or (n, L), where -100 stands for a position without a label.
        classes: Number of classes C.
        minority: Labels of the minority group, ascending.

    Raises:
        InputError: If the split is empty, types or lengths do not fit, or a label lies outside
            0..classes-1.

    Example:
        >>> split = Split(torch.zeros(3, 1, 2, 2), torch.tensor([0, 1, 1]), 2, (0,))
        >>> len(split), split.counts().tolist(), split.digest()[:8]
        (3, [1, 2], '738eeacc')
    """

    x: torch.Tensor
    y: torch.Tensor
    classes: int
    minority: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what no later step could use."""
        if self.x.dtype != torch.float32 or self.y.dtype != torch.int64:
            raise InputError(
                f"inputs are {self.x.dtype} and labels {self.y.dtype}; "
                "they must be torch.float32 and torch.int64"
            )
        if not fits(tuple(self.x.shape), tuple(self.y.shape)):
            raise InputError(
                f"inputs of shape {tuple(self.x.shape)} and labels of shape "
                f"{tuple(self.y.shape)} do not fit; they must be (n, ...) and (n,), or one label "
                "for each position, as (n, C, H, W) and (n, H, W)"
            )
        if self.y.numel() == 0 or self.x.numel() == 0:
            raise InputError("a split is empty; it must hold at least one sample")
        known = self.y
        if is_map(self.y):
            blank = (self.y == IGNORED).flatten(1).all(dim=1)
            if blank.any():
                raise InputError(
                    f"sample {int(blank.nonzero()[0])} has no label at any position; leave it out"
                )
            known = self.y[self.y != IGNORED]
        low, high = int(known.min()), int(known.max())
        if low < 0 or high >= self.classes:
            wrong = low if low < 0 else high
            raise InputError(f"label {wrong} is outside the classes 0..{self.classes - 1}")
        if any(not 0 <= label < self.classes for label in self.minority):
            raise InputError(
                f"minority {self.minority} names a class outside 0..{self.classes - 1}"
            )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.y)

    def counts(self) -> NDArray[np.int64]:
        """Return the number of samples, or labelled positions, of each class, shape (classes,)."""
        return np.bincount(self.labels.cpu().numpy(), minlength=self.classes).astype(np.int64)

    @cached_property
    def labels(self) -> torch.Tensor:
        """The labels that count, (m,): those of samples, or of all positions that have one."""
        return self.y[self.y >= 0] if is_map(self.y) else self.y

    @property
    def strata(self) -> torch.Tensor:
        """The class that each sample is drawn by, (n,): its label, or the rarest on its map."""
        return strata(self.y, torch.from_numpy(self.counts()))

    def rows(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits (n, C), or (n, C, ...) of positions, as one row for each of ``labels``, (m, C).

        Raises:
            InputError: If their shape does not fit the labels.
        """
        return labelled(logits, self.y)[0]

    def summed(self, values: torch.Tensor) -> torch.Tensor:
        """What each of ``labels`` has, shape (m,), summed for each sample, (n,)."""
        if not is_map(self.y):
            return values
        sums = values.new_zeros(len(self))
        return sums.index_add_(0, owners(self.y).to(values.device), values)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """What samples have, shape (n,), for each of ``labels``, (m,)."""
        if not is_map(self.y):
            return values
        return values[owners(self.y).to(values.device)]

    def digest(self) -> str:
        """Return the SHA-256 of shape, inputs and labels, in hex (computed once)."""
        return self._digest

    @checked
    def subset(self, indices: Sequence[int] | NDArray[np.int64] | torch.Tensor) -> "Split":
        """Return the samples at ``indices``, in that order; classes and minority stay.

        Raises:
            InputError: If nothing is left or an index lies outside the split.
        """
        index = torch.as_tensor(indices, dtype=torch.int64, device=self.y.device)
        if index.numel() and (int(index.min()) < 0 or int(index.max()) >= len(self)):
            raise InputError(f"indices must lie in 0..{len(self) - 1}")
        return replace(self, x=self.x[index], y=self.y[index])

    @cached_property
    def _draws(self) -> dict[int, "Split"]:
        return {}

    @cached_property
    def _digest(self) -> str:
        digest = sha256(f"{tuple(self.x.shape)} {self.classes}".encode())
        for tensor in (self.x, self.y):
            array = tensor.detach().cpu().contiguous().numpy()
            # Little-endian whatever the machine: a digest must mean the same everywhere.
            digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
        return digest.hexdigest()


def at_most(split: Split, most: int) -> Split:
    """The split itself, or ``most`` samples of each class that has more, always the same draw.

    Of maps of labels, ``most`` positions of each class keep theirs, and samples without any go.

    Raises:
        InputError: If ``most`` is below 1.

    Example:
        >>> split = Split(torch.rand(6, 2), torch.tensor([0, 0, 0, 0, 0, 1]), 2, (1,))
        >>> at_most(split, 2).counts().tolist()
        [2, 1]
    """
    if most < 1:
        raise InputError(f"most is {most}; it must be at least 1 sample of each class")
    counts = torch.from_numpy(split.counts())
    if int(counts.max()) <= most:
        return split
    if most not in split._draws:  # every step of a path asks for the same ones
        split._draws[most] = _first_of_each(split, most, counts)
    return split._draws[most]


def _first_of_each(split: Split, most: int, counts: torch.Tensor) -> Split:
    if is_map(split.y):
        y = drawn(split.y, split.classes, most, torch_stream(0, "measured samples"))
        some = (y >= 0).flatten(1).any(dim=1)
        return replace(split, x=split.x[some], y=y[some])
    draw = torch.randperm(len(split), generator=torch_stream(0, "measured samples"))
    by_class = draw[split.y.cpu()[draw].argsort(stable=True)]
    first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    return split.subset(by_class[torch.arange(len(split)) - first < most].sort().values)


def standing(split: Split, part: Split, shares: torch.Tensor) -> torch.Tensor:
    """Weight of a sample of each class where some samples of a class stand for all of it, (C,).

    ``part`` has some samples of every class of the split, whose own weights are ``shares``, (C,).

    Example:
        >>> split = Split(torch.rand(6, 2), torch.tensor([0, 0, 0, 0, 0, 1]), 2, (1,))
        >>> standing(split, at_most(split, 2), torch.tensor([0.1, 0.5]).double())
        tensor([0.2500, 0.5000], dtype=torch.float64)
    """
    return shares * torch.from_numpy(split.counts() / part.counts())
