"""What was computed of each layer, for as long as it reads what it read then."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Literal, TypeAlias
from weakref import ref

import torch
from torch import Tensor, nn

from leastloss.models import Layer

MOST_BYTES = 2**30  # in one cache
Quantity: TypeAlias = Literal["moments", "moments with targets", "inverse diagonals", "logits"]


class LayerCache:
    """What was computed last of each layer, on one draw of samples.

    A score and the repair before it read the same moments wherever they draw the same samples, and
    solve with the same matrices where their ridges are the same too.

    Attributes:
        expected: Layers whose inverse diagonals a score will ask for. A repair has them at hand,
            and stores them where they are expected.
    """

    def __init__(self) -> None:
        self.expected: set[str] = set()
        self._entries: dict[tuple[str, Quantity], tuple[ref[nn.Module], bytes, Tensor]] = {}

    def get(self, model: nn.Module, layer: str, quantity: Quantity, key: bytes) -> Tensor | None:
        """What was stored under the same key.

        Keys are those of :func:`reading_keys` and :func:`solving_key`; of logits, which belong to
        the layer "", that of :func:`network_key`.
        """
        entry = self._entries.get((layer, quantity))
        return entry[2] if entry and entry[0]() is model and entry[1] == key else None

    def put(
        self, model: nn.Module, layer: str, quantity: Quantity, key: bytes, value: Tensor
    ) -> None:
        """Store a value, unless all that is stored would take too much memory."""
        self._entries.pop((layer, quantity), None)
        values = [value, *(stored for _, _, stored in self._entries.values())]
        if sum(stored.numel() * stored.element_size() for stored in values) <= MOST_BYTES:
            self._entries[layer, quantity] = ref(model), key, value


def reading_keys(model: nn.Module, layers: Mapping[str, Layer]) -> Iterator[tuple[str, bytes]]:
    """Each layer with a digest of all the state that its inputs depend on.

    Layers come in the order in which they run, each once. One may be changed before the next is
    asked for: the next key knows it as it then is.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        >>> named = {"0": net[0], "1": net[1]}
        >>> before = dict(reading_keys(net, named))
        >>> _ = nn.init.zeros_(net[0].weight)
        >>> after = dict(reading_keys(net, named))
        >>> before["0"] == after["0"], before["1"] == after["1"]
        (True, False)
    """
    entries = {f"{name}.{key}" for name, layer in layers.items() for key in layer.state_dict()}
    digest = blake2b(repr([*layers]).encode())
    for name, value in model.state_dict().items():
        if name not in entries:
            digest.update(_bytes(value))
    for name, layer in layers.items():
        yield name, digest.digest()
        for value in layer.state_dict().values():
            digest.update(_bytes(value))


def network_key(model: nn.Module) -> bytes:
    """Digest of all the state that a network's logits depend on.

    Example:
        >>> net = nn.Linear(2, 2)
        >>> before = network_key(net)
        >>> _ = nn.init.zeros_(net.weight)
        >>> before == network_key(net)
        False
    """
    digest = blake2b()
    for value in model.state_dict().values():
        digest.update(_bytes(value))
    return digest.digest()


def solving_key(key: bytes, mask: Tensor, gamma: float) -> bytes:
    """Digest of the least-squares problems of a layer: what it reads, keeps, and its ridge."""
    return blake2b(b"|".join([key, repr(gamma).encode(), _bytes(mask)])).digest()


def _bytes(value: Tensor) -> bytes:
    # NumPy has no bfloat16: read as bytes.
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
