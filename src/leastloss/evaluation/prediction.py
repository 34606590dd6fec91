"""Run a network over samples, leaving it as it was, or refuse one that cannot be run or trained."""

import torch
from torch import nn

from leastloss.activations import batch_size as fitting_batch
from leastloss.arguments import checked
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.evaluation.metrics import ONE_LOGIT, classification_metrics
from leastloss.models import check_module, evaluation_mode, fitting, matched, untouched

BATCH = 512  # of networks without feature maps


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


@checked
def evaluate(model: nn.Module, split: Split) -> dict[str, float]:
    """Return :func:`classification_metrics` of ``model`` on ``split``, with the loss.

    Where each position has a label, positions are counted, and not samples.

    Raises:
        InputError: If the split is empty or the logits are of the wrong shape or not finite.

    Example:
        >>> evaluate(nn.Identity(), Split(torch.eye(3), torch.arange(3), 3, (2,)))["accuracy"]
        1.0
    """
    logits = split.rows(predict(model, split.x))
    return classification_metrics(logits, split.labels, split.classes, split.minority)


def check_network(model: nn.Module, split: Split) -> None:
    """Run a network on two samples; it is left as it is.

    Raises:
        InputError: If it is no module, has parameters without values, does not run on such samples,
            or does not return finite logits of shape (n, classes).

    Example:
        >>> import torch
        >>> split = Split(torch.eye(3), torch.arange(3), 3, (2,))
        >>> check_network(nn.Linear(3, 3), split)
        >>> check_network(nn.Linear(3, 2), split)
        Traceback (most recent call last):
        leastloss.errors.InputError: logits have 2 columns; there are 3 classes
    """
    check_module(model)
    evaluate(model, split.subset(range(min(2, len(split)))))


def check_trains(model: nn.Module) -> None:
    """Refuse a network that has no training mode; it is left as it is.

    Raises:
        InputError: If it is an exported program.

    Example:
        >>> check_trains(nn.Linear(3, 3))
    """
    try:
        with untouched(model):
            model.train()
    except NotImplementedError as error:
        raise InputError(
            "the network is an exported program, whose mode was fixed when it was exported: it can "
            "be evaluated and not trained; build it from its class and load its weights"
        ) from error
