"""Networks whose inputs or outputs are of another form than ours: tokens in, objects out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.models.running import evaluation_mode

ForwardFn: TypeAlias = Callable[[nn.Module, Tensor], Any]


@checked
class Adapted(nn.Module):
    """A network that reads our samples and gives one logit for each class.

    Its layers are those of the network, with ``network.`` before their names.

    Args:
        network: The network.
        forward_fn: Runs it: ``forward_fn(network, x)`` gives its output for a batch of samples
            (n, ...), with what it reads besides, as a mask; ``network(x)`` when omitted. Outputs
            are read as :func:`logits_in` does.
        integers: Whether it reads integers, as numbers of tokens are; samples are float32, which
            holds whole numbers below 2**24 exactly. When omitted: whether it has an embedding.
        binary: Whether it gives one logit, (n,), (n, 1) or (n, 1, ...), that of the second of two
            classes: the first gets 0, so that probabilities are the same.

    Example:
        >>> tokens = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(8, 1))
        >>> Adapted(tokens, binary=True)(torch.tensor([[3.0, 8.0]])).shape
        torch.Size([1, 2])
        >>> table = Adapted(nn.Linear(2, 3), lambda network, x: {"logits": network(x[:, :2])})
        >>> table(torch.ones(4, 5)).shape
        torch.Size([4, 3])
    """

    def __init__(
        self,
        network: nn.Module,
        forward_fn: ForwardFn | None = None,
        *,
        integers: bool | None = None,
        binary: bool = False,
    ) -> None:
        super().__init__()
        if integers is None:
            integers = any(isinstance(module, nn.Embedding) for module in network.modules())
        self.network, self.forward_fn = network, forward_fn
        self.integers, self.binary = integers, binary

    def forward(self, x: Tensor) -> Tensor:
        """Map samples (n, ...) to logits (n, classes), or (n, classes, ...) at positions."""
        read = x.long() if self.integers else x
        run = self.forward_fn
        logits = logits_in(self.network(read) if run is None else run(self.network, read))
        if not self.binary:
            return logits
        second = logits if logits.ndim > 2 else logits.reshape(-1, 1)
        return torch.cat([torch.zeros_like(second), second], dim=1)


def logits_in(output: Any) -> Tensor:
    """The logits in what a network gives: a tensor, ``logits`` of it, or its first part.

    Of a mapping also ``out``, as torchvision's networks for segmentation give them.

    Raises:
        InputError: If there is no tensor.

    Example:
        >>> logits_in({"loss": None, "logits": torch.ones(1)}), logits_in((torch.ones(1), None))
        (tensor([1.]), tensor([1.]))
    """
    value = output
    if isinstance(output, Mapping):  # also what networks of Hugging Face give
        value = output.get("logits", output.get("out"))
    elif isinstance(output, tuple | list):
        value = getattr(output, "logits", output[0] if output else None)
    elif not isinstance(output, Tensor):
        value = getattr(output, "logits", None)
    if not isinstance(value, Tensor):
        raise InputError(
            f"the network gives a {type(output).__name__}; it must give logits: a tensor, a tuple "
            "that begins with it, or what has it as 'logits' (or 'out')"
        )
    return value


@torch.no_grad()
def adapted(
    network: nn.Module, shape: Sequence[int], classes: int, forward_fn: ForwardFn | None = None
) -> nn.Module:
    """The network itself if it reads and gives what ours do, else behind an :class:`Adapted`.

    Integers are what it reads if it runs on them and not on floats, as embeddings do.

    Raises:
        InputError: If it gives no tensor for samples of such a shape.
    """
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    x = torch.zeros(2, *shape, device=device)
    run = forward_fn or nn.Module.__call__
    with evaluation_mode(network):
        for integers in (False, True):
            with suppress(Exception):  # of a user's code; whoever runs it next says what fails
                output = run(network, x.long() if integers else x)
                break
        else:
            return Adapted(network, forward_fn) if forward_fn else network
    logits = logits_in(output)
    binary = classes == 2 and logits.shape[:2] in ((2,), (2, 1))
    if isinstance(output, Tensor) and not (integers or binary or forward_fn):
        return network
    return Adapted(network, forward_fn, integers=integers, binary=binary)
