"""Samples that occur in two splits: what was learned by heart is no proof on them."""

from hashlib import sha256

from leastloss.data.split import Split


def shared_samples(train: Split, val: Split, test: Split) -> dict[str, int]:
    """Count the samples whose input occurs, bit for bit, in an earlier split too.

    Labels are not looked at: the same input under two labels counts as well.

    Example:
        >>> import torch
        >>> from leastloss.data import Split
        >>> one, two = (Split(x, torch.arange(2), 2, ()) for x in (torch.eye(2), torch.ones(2, 2)))
        >>> shared_samples(one, two, one)
        {'val in train': 0, 'test in train': 2, 'test in val': 0}
    """
    rows = {"train": _digests(train), "val": _digests(val), "test": _digests(test)}
    known = {part: set(digests) for part, digests in rows.items()}
    pairs = (("val", "train"), ("test", "train"), ("test", "val"))
    return {f"{a} in {b}": sum(row in known[b] for row in rows[a]) for a, b in pairs}


def remark(shared: dict[str, int], sizes: dict[str, int]) -> str:
    """Say in one line what is shared; empty if nothing is.

    Example:
        >>> remark({"test in train": 2, "test in val": 0}, {"test": 5})
        'identical inputs in two splits: 2 of 5 test samples are in train too; numbers on them \
show what was remembered, so remove them or split by what they belong to'
    """
    overlaps = [
        f"{count} of {sizes[part]} {part} samples are in {other} too"
        for pair, count in shared.items()
        if count
        for part, _, other in [pair.partition(" in ")]
    ]
    if not overlaps:
        return ""
    return (
        f"identical inputs in two splits: {', '.join(overlaps)}; numbers on them show what was "
        "remembered, so remove them or split by what they belong to"
    )


def _digests(split: Split) -> list[bytes]:
    """A digest of each sample's bits: a fourth of a second for 60,000 images of 28 x 28."""
    rows = split.x.detach().cpu().flatten(1).contiguous().numpy()
    return [sha256(row).digest()[:16] for row in rows]
