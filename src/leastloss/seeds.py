"""Random streams: one named generator per use, so that drawing more in one place moves no other."""

from hashlib import sha256

import numpy as np
import torch

from leastloss.errors import InputError, shown


def stream(seed: int, label: str) -> np.random.Generator:
    """Return the NumPy generator that belongs to ``seed`` and ``label``.

    Streams of different labels (or seeds) are independent; the same pair always gives the same
    stream, on every machine.

    Args:
        seed: Any integer >= 0.
        label: What the numbers are for, such as ``"split"`` or ``"imbalance"``.

    Raises:
        InputError: If ``seed`` is not an integer >= 0.

    Example:
        >>> a, b = stream(0, "split"), stream(0, "split")
        >>> bool((a.random(3) == b.random(3)).all())
        True
        >>> bool(stream(0, "split").random() == stream(0, "imbalance").random())
        False
    """
    return np.random.default_rng(_sequence(seed, label))


def torch_stream(seed: int, label: str, device: str | torch.device = "cpu") -> torch.Generator:
    """Return the torch generator that belongs to ``seed`` and ``label``, on ``device``.

    Args:
        seed: Any integer >= 0.
        label: What the numbers are for, such as ``"batches"``.
        device: Where the numbers will be drawn. Each kind of device has bits of its own.

    Raises:
        InputError: If ``seed`` is not an integer >= 0.

    Example:
        >>> a, b = torch_stream(0, "batches"), torch_stream(0, "batches")
        >>> bool((torch.randperm(9, generator=a) == torch.randperm(9, generator=b)).all())
        True
    """
    state = int(_sequence(seed, label).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(state)


def _sequence(seed: object, label: str) -> np.random.SeedSequence:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed is {shown(seed)}; it must be an integer >= 0")
    # A hash that is fixed by its definition: Python's own hash() of a string changes every run.
    words = np.frombuffer(sha256(label.encode()).digest(), dtype="<u4")
    return np.random.SeedSequence(int(seed), spawn_key=tuple(int(word) for word in words))
