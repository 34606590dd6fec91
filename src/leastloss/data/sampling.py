"""A part of a split that is large enough to measure on."""

import torch

from leastloss.data.split import Split
from leastloss.errors import InputError
from leastloss.seeds import torch_stream


def at_most(split: Split, most: int) -> Split:
    """The split itself, or ``most`` samples of each class that has more, always the same draw.

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
    draw = torch.randperm(len(split), generator=torch_stream(0, "measured samples"))
    by_class = draw[split.y.cpu()[draw].argsort(stable=True)]
    first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    return split.subset(by_class[torch.arange(len(split)) - first < most].sort().values)


def standing(split: Split, part: Split, shares: torch.Tensor) -> torch.Tensor:
    """Weight of a sample of each class where some samples of a class stand for all of it, (C,).

    Args:
        split: All samples.
        part: Those that are left of it, of every class some.
        shares: Weight of a sample of each class of the whole split.

    Example:
        >>> split = Split(torch.rand(6, 2), torch.tensor([0, 0, 0, 0, 0, 1]), 2, (1,))
        >>> standing(split, at_most(split, 2), torch.tensor([0.1, 0.5]).double())
        tensor([0.2500, 0.5000], dtype=torch.float64)
    """
    return shares * torch.from_numpy(split.counts() / part.counts())
