"""Run a network on samples as it stands: its device, its number type, and its mode restored."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from torch import Tensor, nn


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a network in evaluation mode; afterwards each module is in the mode it was in.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
        >>> with evaluation_mode(model):
        ...     model[1].training
        False
        >>> model[1].training
        True
    """
    before = [(module, module.training) for module in model.modules()]
    try:
        with suppress(NotImplementedError):  # an exported program: its mode was fixed at the export
            model.eval()
        yield
    finally:
        for module, training in before:
            module.training = training


def matched(model: nn.Module, x: Tensor) -> Tensor:
    """Samples on the device and in the floating-point type of the network's weights.

    Example:
        >>> import torch
        >>> matched(nn.Linear(2, 2).double(), torch.zeros(1, 2)).dtype
        torch.float64
    """
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            return x.to(tensor.device, tensor.dtype)
    return x
