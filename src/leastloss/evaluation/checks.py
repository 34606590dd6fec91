"""Refuse a network that does not fit the data, before anything costs time."""

from torch import nn

from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.evaluation.metrics import evaluate
from leastloss.models import check_module, untouched


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
