"""Which samples go where: stratified, seeded and exact to the last sample.

The arithmetic is our own because scikit-learn's stratified splitters refuse a class with a single
member and may take a class's last one; here every class keeps at least one sample in the rest.
"""

import numpy as np
from numpy.typing import NDArray

from leastloss.data import _checks
from leastloss.errors import InputError
from leastloss.seeds import stream

Ints = NDArray[np.int64]


def allocate(counts: Ints, total: int) -> Ints:
    """Spread ``total`` over the classes in proportion to ``counts`` (largest remainder).

    Each class gets its exact share rounded down or up; equal remainders go to the lower label.
    Both are samples of each class, shape (classes,); ``total`` is at most their sum.

    Example:
        >>> allocate(np.array([50, 30, 20]), 5).tolist()
        [3, 1, 1]
    """
    # Integers all the way: a float quotient could put an exact share on the wrong side.
    taken, remainder = np.divmod(counts * total, counts.sum())
    extra = np.argsort(-remainder, kind="stable")[: total - int(taken.sum())]
    taken[extra] += 1
    return taken


def draw(labels: Ints, take: Ints, generator: np.random.Generator) -> Ints:
    """Draw ``take[c]`` positions of each class c without replacement, at most all there are.

    Labels have shape (n,), and the positions (take.sum(),), in ascending order.

    Example:
        >>> draw(np.array([0, 1, 0, 1]), np.array([2, 0]), stream(0, "docs")).tolist()
        [0, 2]
    """
    chosen = [
        generator.permutation(np.flatnonzero(labels == label))[:number]
        for label, number in enumerate(take)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def hold_out(
    labels: Ints,
    classes: int,
    share: float,
    seed: int,
    label: str,
    groups: Ints | None = None,
) -> tuple[Ints, Ints]:
    """Cut a stratified share off, leaving at least one sample of every class behind.

    Labels have shape (n,), and the share is in (0, 1); ``label`` names the stream of the draw.
    ``groups``, shape (n,), say what each sample is a part of: the samples of a class and group stay
    or go together, and the share is one of groups, at least one of each class that has two.

    Returns:
        Positions that stay and positions cut off, both ascending and disjoint.

    Raises:
        InputError: If there are too few samples to cut any off.

    Example:
        >>> rest, held = hold_out(np.repeat([0, 1], 5), 2, 0.2, 0, "split/test")
        >>> len(rest), len(held)
        (8, 2)
    """
    if groups is not None:
        return _hold_out_groups(labels, classes, share, seed, label, groups)
    counts = np.bincount(labels, minlength=classes)
    take = np.minimum(allocate(counts, round(share * len(labels))), np.maximum(counts - 1, 0))
    if take.sum() == 0:
        raise InputError(f"{len(labels)} samples are too few to hold out a share of {share:g}")
    cut = draw(labels, take, stream(seed, label))
    return np.setdiff1d(np.arange(len(labels)), cut), cut


def _hold_out_groups(
    labels: Ints, classes: int, share: float, seed: int, label: str, groups: Ints
) -> tuple[Ints, Ints]:
    pairs, member = np.unique(np.stack([labels, groups]), axis=1, return_inverse=True)
    counts = np.bincount(pairs[0], minlength=classes)
    fair = allocate(counts, round(share * len(pairs[0])))
    take = np.minimum(np.maximum(fair, 1), np.maximum(counts - 1, 0))
    if take.sum() == 0:
        raise InputError(f"no class has two groups, of which one could be held out ({label})")
    gone = np.isin(member, draw(pairs[0], take, stream(seed, label)))
    return np.flatnonzero(~gone), np.flatnonzero(gone)


def replicate_subset(labels: Ints, classes: int, share: float, replicate: int, seed: int) -> Ints:
    """Draw replicate ``replicate`` of the stratified subsets of size ``share``.

    The draw has a stream of its own for each replicate, so neither the split nor the other
    replicates depend on it. Of labels of the training part, shape (n,), the positions that stay are
    returned, ascending; the share is in (0, 1], and replicates are numbered from 0.

    Raises:
        InputError: If ``share`` or ``replicate`` is out of range, a class would become empty, or
            a replicate is asked for of the whole set (they would all be the same).
    """
    share = _checks.share("subset", share)
    replicate = _checks.integer("replicate", replicate, 0)
    if share == 1:
        if replicate:
            raise InputError(f"replicate is {replicate} but subset is 1; subset must be below 1")
        return np.arange(len(labels))
    counts = np.bincount(labels, minlength=classes)
    take = allocate(counts, round(share * len(labels)))
    emptied = np.flatnonzero((take == 0) & (counts > 0))
    if emptied.size:
        raise InputError(
            f"subset {share:g} would leave class {emptied[0]} (of {counts[emptied[0]]} samples) "
            "empty; take a larger subset"
        )
    return draw(labels, take, stream(seed, f"subset/{replicate}"))
