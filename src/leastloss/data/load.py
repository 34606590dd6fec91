"""From a name to a data set that is ready to train on."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.arguments import checked
from leastloss.data import _checks
from leastloss.data._files import data_root
from leastloss.data.container import Data, tell_duplicates
from leastloss.data.datasets import DATASETS, Withheld, read_rows, unit_range
from leastloss.data.imbalance import (
    PROFILES,
    VALIDATIONS,
    class_targets,
    rarest,
    validation_targets,
)
from leastloss.data.label_maps import counts_on, drawn_by
from leastloss.data.own import located, own_name, read_own
from leastloss.data.published import Prepare
from leastloss.data.split import Split
from leastloss.data.splitting import draw, hold_out, replicate_subset
from leastloss.errors import InputError, choose
from leastloss.seeds import stream

SIZES = (2, 256)


@checked
def load_data(
    name: str = "digits",
    *,
    size: int | None = None,
    imbalance: str = "none",
    ratio: float = 20.0,
    rare: Sequence[int] = (),
    share: float | None = None,
    subset: float = 1.0,
    replicate: int = 0,
    validation: str = "training",
    seed: int = 0,
    data_dir: str | os.PathLike[str] | None = None,
    download: bool = True,
) -> Data:
    """Load a data set, split it, and make its training part imbalanced if asked to.

    Args:
        name: One of `DATASETS`, or your own data: a file of arrays (``.npz``) or a table (``.csv``,
            ``.tsv``, ``.parquet``), a folder of images by class, or ``module:function``; see
            docs/own_data.md. What comes without a test set is split 60/20/20; all others keep
            theirs, and a tenth of their training set becomes the validation set. All stratified;
            ``gtsrb`` by whole tracks, films of one sign.
        size: Resize to size x size pixels (bilinear with antialiasing), 2..256; None leaves the
            images as they are.
        imbalance: One of `PROFILES`, applied to the training part only. By default data stay as
            they are; the entry points have ``exp``, since a study is about rare classes.
        ratio: Largest class over smallest, >= 1, for ``exp`` and ``step``.
        rare: Labels that are cut, for ``named``; they are the minority group then.
        share: Share of their images they keep, in (0, 1], for ``named``.
        subset: Share of the training part that is used, in (0, 1], stratified.
        replicate: Which draw of that subset, >= 0.
        validation: Class counts of the validation part: ``training`` lets it follow the profile,
            each class with one image at least; ``balanced`` leaves it as it is.
        seed: Seed of all draws; split, subset and imbalance have streams of their own.
        data_dir: Folder in torchvision's layout; else $LEASTLOSS_DATA, else ./data. Relative paths
            are looked for from the current folder on, then from here on.
        download: Whether missing files may be downloaded into that folder.

    Returns:
        Splits with float32 images (n, C, H, W) in [0, 1], or what else your own data hold. The
        minority group is the rarest third of the classes by training count (ties to the lower
        label), or ``rare``. What the profile takes away is remembered by its numbers alone, as
        ``withheld``.

    Raises:
        InputError: If an argument is outside its range, or a class would become empty.
        ResourceError: If a file is corrupt, too large for this machine, or missing and cannot be
            downloaded.

    Example:
        >>> data = load_data("digits", imbalance="exp", ratio=20)
        >>> data.train.counts().tolist(), data.minority
        ([107, 76, 54, 39, 28, 20, 14, 10, 7, 5], (7, 8, 9))
        >>> load_data(**data.recipe).train.digest() == data.train.digest()
        True
    """
    user_name = own_name(name)
    if size is not None:
        size = _checks.integer("size", size, *SIZES)
    # Checked before the files: nobody should wait for a download to learn of a typing error.
    subset = _checks.share("subset", subset)
    choose("imbalance profile", imbalance, PROFILES)
    choose("validation", validation, VALIDATIONS)
    imbalance_stream = stream(seed, "imbalance")
    root = data_root(data_dir)
    if user_name is None:
        raw = DATASETS[name](root, download)
    else:
        user_name = located(user_name, root)
        raw = read_own(user_name, size=size, seed=seed)

    images, all_labels = raw.train
    maps = all_labels.ndim > 1
    if maps and imbalance != "none":
        raise InputError(
            f"imbalance {imbalance!r} takes samples of a class away, and in these data each "
            "position has a label; leave it out"
        )
    labels = drawn_by(all_labels, raw.classes)
    if raw.test is None:
        train, test = hold_out(labels, raw.classes, 0.2, seed, "split/test")
        test_images, test_labels = images[test], all_labels[test]
        val_share = 0.25  # a fifth of the whole
    else:
        train = np.arange(len(labels))
        test_images, test_labels = raw.test
        val_share = 0.1
    if raw.val is None:
        groups = None if raw.groups is None else raw.groups[train]
        stay, held_out = hold_out(labels[train], raw.classes, val_share, seed, "split/val", groups)
        val_images, val_labels = images[train[held_out]], all_labels[train[held_out]]
        train = train[stay]
    else:
        val_images, val_labels = raw.val
    train = train[replicate_subset(labels[train], raw.classes, subset, replicate, seed)]
    counts = np.bincount(labels[train], minlength=raw.classes)
    targets = class_targets(counts, imbalance, ratio=ratio, rare=rare, share=share)
    whole, train = train, train[draw(labels[train], targets, imbalance_stream)]
    if validation == "training" and not maps:
        val_counts = np.bincount(val_labels, minlength=raw.classes)
        fewer = validation_targets(val_counts, counts, targets)
        chosen = draw(val_labels, fewer, stream(seed, "imbalance/val"))
        val_images, val_labels = val_images[chosen], val_labels[chosen]
    if maps:
        targets = counts_on(all_labels[train], raw.classes)
    minority = raw.minority if raw.minority and imbalance == "none" else rarest(targets)
    if imbalance == "named":
        minority = tuple(sorted(int(label) for label in rare))
    prepare: Prepare = partial(unit_range, white=raw.white, size=size)
    if raw.fit is not None:
        prepare = raw.fit(images[train])

    def split(samples: NDArray[Any], classes: NDArray[np.int64]) -> Split:
        return Split(prepare(samples), torch.tensor(classes), raw.classes, minority)

    cut = np.setdiff1d(whole, train, assume_unique=True)
    if user_name is None:
        read = partial(read_rows, name, root, cut, size=size, minority=minority)
    else:
        read = partial(split, images[cut], all_labels[cut])

    recipe: dict[str, object] = {
        "name": name if user_name is None else user_name.text,
        "size": size,
        "imbalance": imbalance,
        "ratio": float(ratio),
        "rare": [int(label) for label in rare],
        "share": None if share is None else float(share),
        "subset": subset,
        "replicate": int(replicate),
        "validation": validation,
        "seed": int(seed),
    }
    data = Data(
        name if user_name is None else user_name.short,
        split(images[train], all_labels[train]),
        split(val_images, val_labels),
        split(test_images, test_labels),
        recipe,
        Withheld(read) if len(cut) else None,
        title=raw.title or name,
        source=raw.source,
        class_names=raw.class_names,
    )
    if user_name is not None:
        tell_duplicates(data)
    return data
