"""A user's own network: from a function by name, or from elsewhere by an address or a file."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

import torch
from torch import nn

from leastloss.arguments import lacks_memory
from leastloss.errors import InputError, brief
from leastloss.models.adapted import adapted
from leastloss.models.running import evaluation_mode, fitting
from leastloss.named_functions import called, is_function_name, named_function

Kind = Literal["function", "stored", "exported"]
_STORED = ("models:/", "runs:/")


def own_network(name: str) -> Kind | None:
    """Of which kind a user's own network is; None for the name of one of ours, or of torchvision.

    ``function`` builds it, ``stored`` is in a tracking store, ``exported`` is a ``.pt2`` file.

    Example:
        >>> own_network("my_nets:small"), own_network("models:/bank@smallest"), own_network("mlp")
        ('function', 'stored', None)
    """
    if name.startswith(_STORED):
        return "stored"
    if name.endswith(".pt2"):
        return "exported"
    return "function" if is_function_name(name) else None


def function_network(
    name: str,
    shape: Sequence[int],
    classes: int,
    *,
    forward: str = "",
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Build a network by a user's function or class.

    Args:
        name: ``module:function`` or ``path/to/file.py:function``. Of its parameters, those called
            ``shape`` or ``in_shape`` (of one sample), ``features`` or ``in_features`` (the number
            of its values), ``channels`` or ``in_channels``, and ``classes``, ``num_classes`` or
            ``out_features`` get their values.
        shape: Shape of one sample.
        classes: Number of classes.
        forward: As :func:`as_classifier` takes it.
        generator: Source of the initial weights; the global one when omitted.

    Returns:
        What :func:`as_classifier` makes of it.

    Raises:
        InputError: If there is no such function, it fails, or returns no network for such samples.

    Example:
        >>> function_network("torch.nn:Linear", (4,), 3)
        Linear(in_features=4, out_features=3, bias=True)
    """
    function = named_function("model", name)
    with torch.random.fork_rng(enabled=generator is not None):
        if generator is not None:  # the function draws from the global generator
            torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        network = called(
            name,
            function,
            **dict.fromkeys(("shape", "in_shape"), tuple(shape)),
            **dict.fromkeys(("features", "in_features"), prod(shape)),
            **dict.fromkeys(("channels", "in_channels"), shape[0]),
            **dict.fromkeys(("classes", "num_classes", "out_features"), classes),
        )
    if not isinstance(network, nn.Module):
        raise InputError(f"{name} returned {type(network).__name__}; it must return a nn.Module")
    return as_classifier(name, network, shape, classes, forward=forward)


@torch.no_grad()
def as_classifier(
    name: str, network: nn.Module, shape: Sequence[int], classes: int, *, forward: str = ""
) -> nn.Module:
    """The network as one that maps samples of a shape to logits, one for each class.

    Where each position has a label, there are logits for each position, (n, classes, ...).

    Args:
        name: What the network is called.
        network: It; it is left as it is.
        shape: Shape of one sample.
        classes: Number of classes.
        forward: The function ``(network, x) -> output`` that runs it, as ``module:function``;
            empty: the network itself is called.

    Returns:
        The network; one that another function runs, that reads integers, gives an object with
        logits, or one logit for two classes, behind an :class:`leastloss.models.adapted.Adapted`.

    Raises:
        InputError: If it gives no such logits, or there is no such function.

    Example:
        >>> as_classifier("mine", nn.Linear(4, 3), (4,), 3)
        Linear(in_features=4, out_features=3, bias=True)
    """
    network = adapted(
        network, shape, classes, named_function("forward", forward) if forward else None
    )
    name = f"{name}, run by {forward}," if forward else name
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    x = torch.zeros(2, *shape, device=device)
    try:
        with evaluation_mode(network), fitting(x):
            logits = network(x)
    except InputError:
        raise
    except Exception as error:  # whatever a user's code raises
        if lacks_memory(error):
            raise
        raise InputError(
            f"{name} failed on two samples of shape {tuple(shape)} ({type(error).__name__}: "
            f"{brief(error)})"
        ) from error
    if logits.shape[:2] != (2, classes):
        raise InputError(
            f"{name} gives {tuple(logits.shape)} for two samples of shape {tuple(shape)}; for "
            f"these data it must give (2, {classes}), or (2, {classes}, ...) where each position "
            "has a label"
        )
    return network
