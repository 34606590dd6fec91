"""Run a network over samples, leaving it as it was."""

import torch
from torch import nn

from leastloss.activations import batch_size as fitting_batch
from leastloss.errors import InputError
from leastloss.models import evaluation_mode, fitting, matched, untouched

BATCH = 512  # of networks without feature maps
ONE_LOGIT = "; wrap a network of one logit for two classes in ll.Adapted(network, binary=True)"


def predict(model: nn.Module, x: torch.Tensor, batch_size: int | None = None) -> torch.Tensor:
    """Return the logits of ``model`` for the samples ``x``.

    Args:
        model: Maps (n, ...) to logits (n, C), or to (n, C, ...) at positions. It runs where its
            parameters are, in evaluation mode, and is left as it is, the mode of each of its
            modules included.
        x: Samples, shape (n, ...).
        batch_size: Samples per forward pass; by the network and its device when omitted.

    Returns:
        Logits (n, C) or (n, C, ...) on the CPU, float32 at least.

    Raises:
        InputError: If ``x`` is empty, ``batch_size`` below 1, the network lazy or does not run on
            samples of this shape, or its output is not of such a shape.

    Example:
        >>> predict(nn.Identity(), torch.eye(2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    if batch_size is None:
        batch_size = min(BATCH, fitting_batch(model))
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}; it must be at least 1")
    if len(x) == 0:
        raise InputError("there are no samples to predict; at least 1 is needed")
    parts: list[torch.Tensor] = []
    with untouched(model), evaluation_mode(model), torch.no_grad(), fitting(x, model):
        for batch in torch.split(x, batch_size):
            output = model(matched(model, batch))
            if not isinstance(output, torch.Tensor):
                kind = type(output).__name__
                raise InputError(
                    f"the model returned a {kind}; it must return a tensor of logits: wrap it in "
                    "ll.Adapted(network), which reads them from a tuple, a dictionary or an object"
                )
            # NumPy knows no bfloat16, and a mean of half precision is none.
            parts.append(output.cpu().to(torch.promote_types(output.dtype, torch.float32)))
    logits = torch.cat(parts)
    if logits.ndim < 2 or len(logits) != len(x):
        single = logits.shape == x.shape[:1]
        raise InputError(
            f"the model returned shape {tuple(logits.shape)} for {len(x)} samples; "
            f"it must return logits of shape ({len(x)}, classes), or ({len(x)}, classes, ...) at "
            f"positions{ONE_LOGIT if single else ''}"
        )
    return logits
