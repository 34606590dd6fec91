"""Networks whose inputs or outputs are of another form than ours: tokens in, objects out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.running import evaluation_mode


class Adapted(nn.Module):
    """A network that reads our samples and gives one logit for each class.

    Args:
        network: The network.
        integers: Whether it reads integers, as numbers of tokens are; samples are float32, which
            holds whole numbers below 2**24 exactly.
        binary: Whether it gives one logit, that of the second of two classes: the first gets 0,
            so that probabilities are the same.

    Example:
        >>> tokens = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(8, 1))
        >>> Adapted(tokens, integers=True, binary=True)(torch.tensor([[3.0, 8.0]])).shape
        torch.Size([1, 2])
    """

    def __init__(self, network: nn.Module, *, integers: bool = False, binary: bool = False) -> None:
        super().__init__()
        self.network, self.integers, self.binary = network, integers, binary

    def forward(self, x: Tensor) -> Tensor:
        """Map samples (n, ...) to logits (n, classes)."""
        logits = logits_in(self.network(x.long() if self.integers else x))
        if not self.binary:
            return logits
        second = logits.reshape(-1, 1)
        return torch.cat([torch.zeros_like(second), second], dim=1)


def logits_in(output: Any) -> Tensor:
    """The logits in what a network gives: a tensor, ``logits`` of it, or its first part.

    Raises:
        InputError: If there is no tensor.

    Example:
        >>> logits_in({"loss": None, "logits": torch.ones(1)}), logits_in((torch.ones(1), None))
        (tensor([1.]), tensor([1.]))
    """
    found = output
    if isinstance(output, Mapping):  # also what networks of Hugging Face give
        found = output.get("logits")
    elif isinstance(output, tuple | list):
        found = getattr(output, "logits", output[0] if output else None)
    elif not isinstance(output, Tensor):
        found = getattr(output, "logits", None)
    if not isinstance(found, Tensor):
        raise InputError(
            f"the network gives a {type(output).__name__}; it must give logits: a tensor, a tuple "
            "that begins with it, or what has it as 'logits'"
        )
    return found


@torch.no_grad()
def adapted(network: nn.Module, shape: Sequence[int], classes: int) -> nn.Module:
    """The network itself if it reads and gives what ours do, else behind an :class:`Adapted`.

    Args:
        network: The network; it is left as it is.
        shape: Shape of one sample.
        classes: Number of classes.

    Raises:
        InputError: If it gives no tensor.
    """
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    x = torch.zeros(2, *shape, device=device)
    with evaluation_mode(network):
        integers = _reads_integers(network, x)
        try:
            output = network(x.long() if integers else x)
        except (RuntimeError, ValueError, TypeError, IndexError):
            return network  # whoever runs it next says what does not fit
    logits = logits_in(output)
    binary = classes == 2 and logits.shape in ((2,), (2, 1))
    if isinstance(output, Tensor) and not integers and not binary:
        return network
    return Adapted(network, integers=integers, binary=binary)


def _reads_integers(network: nn.Module, x: Tensor) -> bool:
    """Whether it looks its inputs up in an embedding, which takes no other numbers."""
    if not any(isinstance(module, nn.Embedding) for module in network.modules()):
        return False
    try:
        network(x)
    except (RuntimeError, TypeError, IndexError):
        return True
    return False
