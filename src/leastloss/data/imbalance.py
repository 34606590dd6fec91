"""Long-tailed training sets: how many images of each class stay.

The profiles are those of Cao et al. 2019 (LDAM, arXiv 1906.07413): with mu = 1 / ratio and
classes 0..C-1, ``exp`` keeps n_max mu^(c / (C - 1)) of class c, ``step`` keeps n_max of the lower
labels and n_max mu of the C // 2 higher ones.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leastloss.data import _checks
from leastloss.errors import InputError, choose

PROFILES = {
    "none": "the natural counts",
    "exp": "counts fall exponentially with the label, by `ratio` from first to last",
    "step": "the half with the higher labels has `ratio` times fewer images",
    "named": "the classes in `rare` keep `share` of their images",
}

VALIDATIONS = {
    "training": "as rare as in training",
    "balanced": "as the data set has them, whatever the profile of the training part",
}


def class_targets(
    counts: NDArray[np.int64],
    profile: str,
    *,
    ratio: float = 20.0,
    rare: Sequence[int] = (),
    share: float | None = None,
) -> NDArray[np.int64]:
    """Return how many images of each class stay.

    For ``exp`` and ``step``, n_max is n / C as in LDAM's code, lowered where a class has fewer
    images than its profile asks for: the profile's shape is then exact, whatever the data. Counts
    are rounded down.

    Args:
        counts: Images of each class, shape (classes,).
        profile: One of `PROFILES`.
        ratio: Largest class over smallest, >= 1 (``exp`` and ``step``).
        rare: Labels to cut (``named``).
        share: What share of their images they keep, in (0, 1] (``named``).

    Returns:
        Images that stay, shape (classes,), at most ``counts``.

    Raises:
        InputError: If the profile is unknown, a value is outside its range, a class would become
            empty, or ``rare`` or ``share`` is given for another profile or missing for ``named``.

    Example:
        >>> class_targets(np.array([100, 100, 100]), "exp", ratio=100).tolist()
        [100, 10, 1]
        >>> class_targets(np.array([100, 100, 100]), "named", rare=[2], share=0.05).tolist()
        [100, 100, 5]
    """
    choose("imbalance profile", profile, PROFILES)
    classes = len(counts)
    ratio = _checks.at_least_one("ratio", ratio)
    if profile == "named":
        return _cut_named(counts, rare, share)
    if len(rare) or share is not None:
        raise InputError(f"rare and share belong to imbalance='named'; imbalance is {profile!r}")
    if profile == "none":
        return counts.copy()
    exponents = (
        np.arange(classes) / max(classes - 1, 1)
        if profile == "exp"
        else (np.arange(classes) >= classes - classes // 2).astype(float)
    )
    weights = ratio**-exponents
    largest = min(counts.sum() / classes, float((counts / weights).min()))
    targets = _floor(largest * weights)
    if targets.min() == 0:
        empty = int(targets.argmin())
        raise InputError(
            f"ratio {ratio:g} would leave class {empty} empty; "
            f"with these counts the highest possible is about {int(largest)}"
        )
    return targets


def validation_targets(
    counts: NDArray[np.int64], before: NDArray[np.int64], after: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many validation images of each class stay, as rare as those for training.

    Each class keeps the share of its images that training kept, rounded, and one at least: there
    were so many training images of each class ``before`` the profile and ``after`` it. All have
    shape (classes,).

    Example:
        >>> validation_targets(*np.array([[36, 36, 0], [107, 100, 9], [107, 1, 9]])).tolist()
        [36, 1, 0]
    """
    # Integers all the way: halves are rounded up, on every machine.
    shares = (2 * counts * after + before) // np.maximum(2 * before, 1)
    stay: NDArray[np.int64] = np.minimum(counts, np.maximum(shares, 1))
    return stay


def rarest(counts: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the rarest third of the classes (at least one), ascending; ties go to lower labels.

    Example:
        >>> rarest(np.array([9, 5, 7, 5, 9, 5]))
        (1, 3)
    """
    order = np.argsort(counts, kind="stable")
    return tuple(sorted(int(label) for label in order[: max(1, len(counts) // 3)]))


def _cut_named(
    counts: NDArray[np.int64], rare: Sequence[int], share: float | None
) -> NDArray[np.int64]:
    if not len(rare) or share is None:
        raise InputError(
            "imbalance 'named' needs rare (labels) and share (in (0, 1]), "
            "such as rare=(1, 2), share=0.05"
        )
    share = _checks.share("share", share)
    labels = check_labels("rare", rare, len(counts))
    targets = counts.copy()
    targets[list(labels)] = _floor(share * counts[list(labels)])
    for label in labels:
        if targets[label] == 0:
            raise InputError(
                f"share {share:g} would leave class {label} (of {counts[label]} images) empty"
            )
    return targets


def check_labels(name: str, labels: Sequence[int], classes: int) -> tuple[int, ...]:
    """Return ``labels`` ascending, as plain integers.

    Raises:
        InputError: If one is no label or comes twice, or if none or all classes are named.

    Example:
        >>> check_labels("rare", [3, 1], 10)
        (1, 3)
    """
    checked = sorted(
        _checks.integer(f"a class in {name}", label, 0, classes - 1) for label in labels
    )
    if not checked or len(set(checked)) != len(checked) or len(checked) == classes:
        raise InputError(
            f"{name} is {list(labels)}; it must name at least one class, each once, and not all"
        )
    return tuple(checked)


def _floor(values: NDArray[np.floating]) -> NDArray[np.int64]:
    # 0.29 * 100 is 28.999999999999996: what is whole up to rounding errors counts as whole.
    whole: NDArray[np.int64] = np.floor(values * (1 + 1e-12)).astype(np.int64)
    return whole
