"""A caller's own tensors as three splits; what is missing is cut from the training part."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leastloss.data import _checks
from leastloss.data._tensors import Pair, as_tensors
from leastloss.data.imbalance import check_labels, rarest
from leastloss.data.label_maps import has_void, marked
from leastloss.data.split import Split
from leastloss.data.splitting import hold_out
from leastloss.errors import InputError


def split_tensors(
    train: Pair,
    val: Pair | None,
    test: Pair | None,
    *,
    classes: int | None,
    minority: Sequence[int] | None,
    seed: int,
) -> tuple[Split, Split, Split]:
    """Return the train, validation and test split; see `Data.from_tensors` for the arguments.

    Raises:
        InputError: If something does not fit together.
    """
    parts = {
        part: as_tensors(pair, part)
        for part, pair in (("train", train), ("val", val), ("test", test))
        if pair is not None or part == "train"
    }
    void = has_void(y for _, y in parts.values())
    parts = {part: (x, marked(y, void=void)) for part, (x, y) in parts.items()}
    _same_scale(train=train, val=val, test=test)
    highest = max(int(y.max()) for _, y in parts.values())
    count = highest + 1 if classes is None else classes
    count = _checks.integer("classes", count, 2)
    if count > parts["train"][1].numel():
        raise InputError(
            f"{count} classes (highest label {highest}) need at least as many training samples; "
            f"there are {parts['train'][1].numel()}"
        )
    labels = () if minority is None else check_labels("minority", minority, count)
    whole = {part: Split(x, y, count, labels) for part, (x, y) in parts.items()}
    _check_all_there(whole["train"])
    rest, fifth = whole["train"], len(whole["train"]) / 5
    for part in ("test", "val"):
        if part not in whole:
            y = rest.strata.cpu().numpy()
            stay, cut = hold_out(y, count, fifth / len(rest), seed, f"split/{part}")
            whole[part], rest = rest.subset(cut), rest.subset(stay)
    _check_all_there(rest)
    if minority is None:
        labels = rarest(rest.counts())
    train_, val_, test_ = (
        replace(split, minority=labels) for split in (rest, whole["val"], whole["test"])
    )
    return train_, val_, test_


def _check_all_there(train: Split) -> None:
    if (missing := np.flatnonzero(train.counts() == 0)).size:
        raise InputError(
            f"class {missing[0]} has no training sample; labels must run 0..{train.classes - 1} "
            "without a gap"
        )


def _same_scale(**parts: Pair | None) -> None:
    """Refuse pixels of which one split would be divided by 255 and another would not."""
    kinds = {
        part: str(pair[0].dtype).removeprefix("torch.")
        for part, pair in parts.items()
        if pair is not None
    }
    if len({kind == "uint8" for kind in kinds.values()}) > 1:
        types = ", ".join(f"{part} {kind}" for part, kind in kinds.items())
        raise InputError(
            f"inputs are of different types ({types}); uint8 is divided by 255 and others are "
            "taken as they are, so give all splits as uint8, or none"
        )
