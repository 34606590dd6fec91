"""What is known of a layer's inputs already: it still reads what it read before."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from weakref import ref

import torch
from torch import Tensor, nn

from leastloss.models import Layer

HELD = 2**28  # bytes that are kept


class Known:
    """What was computed last of each layer, on one draw of samples.

    A score and the repair before it read the same moments wherever they draw the same samples, and
    solve with the same matrices where their ridges are the same too.

    Attributes:
        wanted: What somebody will ask for that falls off cheaply where something else is computed.
    """

    def __init__(self) -> None:
        self.wanted: set[str] = set()
        self._found: dict[str, tuple[ref[nn.Module], bytes, tuple[Tensor, ...]]] = {}

    def get(self, model: nn.Module, name: str, key: bytes) -> tuple[Tensor, ...] | None:
        """What is known by a name, if the key is the same as then (see :func:`reading_keys`)."""
        found = self._found.get(name)
        return found[2] if found and found[0]() is model and found[1] == key else None

    def put(self, model: nn.Module, name: str, key: bytes, values: tuple[Tensor, ...]) -> None:
        """Keep values by a name, unless all that are kept would take too much memory."""
        self._found.pop(name, None)
        every = [*values, *(one for _, _, known in self._found.values() for one in known)]
        if sum(one.numel() * one.element_size() for one in every) <= HELD:
            self._found[name] = ref(model), key, values


def reading_keys(model: nn.Module, layers: Mapping[str, Layer]) -> Iterator[tuple[str, bytes]]:
    """Each layer with a digest of all the state that its inputs depend on.

    A layer may be changed before the next one is asked for: the next key knows it as it then is.

    Args:
        model: The network.
        layers: Some of its layers by name, in the order in which they run, each once.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        >>> named = {"0": net[0], "1": net[1]}
        >>> before = dict(reading_keys(net, named))
        >>> _ = nn.init.zeros_(net[0].weight)
        >>> after = dict(reading_keys(net, named))
        >>> before["0"] == after["0"], before["1"] == after["1"]
        (True, False)
    """
    own = {f"{name}.{key}" for name, layer in layers.items() for key in layer.state_dict()}
    digest = blake2b(repr([*layers]).encode())
    for name, value in model.state_dict().items():
        if name not in own:
            digest.update(_bytes(value))
    for name, layer in layers.items():
        yield name, digest.digest()
        for value in layer.state_dict().values():
            digest.update(_bytes(value))


def solving_key(key: bytes, mask: Tensor, gamma: float) -> bytes:
    """Digest of the least-squares problems of a layer: what it reads, keeps, and its ridge."""
    return blake2b(b"|".join([key, repr(gamma).encode(), _bytes(mask)])).digest()


def _bytes(value: Tensor) -> bytes:
    # NumPy has no bfloat16: read as bytes.
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
