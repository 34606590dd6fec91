"""Run a network over samples, leaving it as it was."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch
from torch import nn

from leastloss.errors import InputError


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put ``model`` in evaluation mode, and every part of it back as it was afterwards."""
    before = [(module, module.training) for module in model.modules()]
    with suppress(NotImplementedError):  # an exported program: its mode was fixed at the export
        model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def predict(model: nn.Module, x: torch.Tensor, batch_size: int = 4096) -> torch.Tensor:
    """Return the logits of ``model`` for the samples ``x``.

    Args:
        model: Maps (n, ...) to logits (n, C). It runs where its parameters are, in evaluation
            mode; the mode of each of its modules is restored afterwards.
        x: Samples, shape (n, ...).
        batch_size: Samples per forward pass.

    Returns:
        Logits (n, C) on the CPU.

    Raises:
        InputError: If ``x`` is empty, ``batch_size`` below 1, or the output not of shape (n, C).

    Example:
        >>> predict(nn.Identity(), torch.eye(2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}; it must be at least 1")
    if len(x) == 0:
        raise InputError("there are no samples to predict; at least 1 is needed")
    first = next(iter(model.parameters()), next(iter(model.buffers()), None))
    device = x.device if first is None else first.device
    with evaluation_mode(model), torch.inference_mode():
        parts = [model(batch.to(device)).cpu() for batch in torch.split(x, batch_size)]
    logits = torch.cat(parts)
    if logits.ndim != 2 or len(logits) != len(x):
        raise InputError(
            f"the model returned shape {tuple(logits.shape)} for {len(x)} samples; "
            f"it must return logits of shape ({len(x)}, classes)"
        )
    return logits
