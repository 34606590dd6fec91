"""A network that is only looked at: refused where it has no values yet, and left as it was."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from leastloss.errors import InputError
from leastloss.models.running import evaluation_mode, matched


def check_module(model: object) -> None:
    """Refuse what is no network, and a network whose parameters or buffers have no values yet.

    Raises:
        InputError: If it is no ``torch.nn.Module``, or a parameter or buffer is lazy or on the
            device ``meta``.

    Example:
        >>> check_module(nn.Sequential(nn.LazyLinear(2)))
        Traceback (most recent call last):
        leastloss.errors.InputError: layer '0' is lazy and has no values yet (weight); run the \
network on a sample first
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"the model is {type(model).__name__}; it must be a torch.nn.Module")
    for name, tensor in chain(model.named_parameters(), model.named_buffers()):
        layer, _, entry = name.rpartition(".")
        where = f"layer {layer!r}" if layer else "the network"
        if is_lazy(tensor):
            raise InputError(
                f"{where} is lazy and has no values yet ({entry}); run the "
                "network on a sample first"
            )
        if tensor.is_meta:
            raise InputError(
                f"{where} is on the device 'meta' and has no values ({entry}); move the network by "
                "to_empty(device=...) and load its state first"
            )


@contextmanager
def untouched(*models: nn.Module) -> Iterator[None]:
    """Run networks and leave no trace, also on error.

    Afterwards parameters, buffers, gradients, ``requires_grad`` and the mode of every module are as
    they were, and so are the global random numbers of torch, NumPy and Python, which a network may
    draw from in its forward pass. Every public function that runs a caller's network does so in
    here.

    Raises:
        InputError: As :func:`check_module`; nothing has run then.

    Example:
        >>> norm = nn.BatchNorm1d(2)
        >>> with untouched(norm):
        ...     _ = norm(torch.rand(4, 2))
        >>> int(norm.num_batches_tracked)
        0
    """
    for model in models:
        check_module(model)
    restorers = [_state(model) for model in models]
    with same_randomness():
        try:
            yield
        finally:
            for restore in restorers:
                restore()


@contextmanager
def same_randomness() -> Iterator[None]:
    """Afterwards the global random numbers of torch, NumPy and Python go on as if nothing was.

    Example:
        >>> with same_randomness():
        ...     first = torch.rand(2)
        >>> torch.equal(first, torch.rand(2))
        True
    """
    python, cpu = random.getstate(), torch.get_rng_state()
    numpy = np.random.get_state()  # noqa: NPY002  # a network of a user may draw from it
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(cpu)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)


@torch.no_grad()
def run_once_alike(model: nn.Module, x: Tensor) -> Any:
    """What a network gives in evaluation mode, with the same random numbers in all runs.

    Example:
        >>> run_once_alike(nn.Dropout(), torch.ones(1, 2)).tolist()
        [[1.0, 1.0]]
    """
    with same_randomness(), evaluation_mode(model):
        return model(matched(model, x))


def _state(model: nn.Module) -> Callable[[], None]:
    """Note what a network holds; the call puts it back."""
    modes = [(module, module.training) for module in model.modules()]
    tables: list[tuple[Any, dict[str, Any]]] = [
        (table, dict(table))
        for module in model.modules()
        if not isinstance(module, torch.jit.ScriptModule)  # its tables are fixed
        for table in (module._parameters, module._buffers)
    ]
    tensors = [_tensor(value) for value in chain(model.parameters(), model.buffers())]

    def restore() -> None:
        for module, training in modes:
            module.training = training
        for table, before in tables:
            if list(map(id, table.values())) != list(map(id, before.values())):
                table.clear()
                table.update(before)
        for put_back in tensors:
            put_back()

    return restore


def _tensor(value: Tensor) -> Callable[[], None]:
    """Note what a parameter or buffer holds; the call puts it back where anything has changed."""
    # Written through the alias, which has a version counter of its own: a graph that the caller
    # has yet to walk back through stays valid.
    alias, copied = value.data, value.detach().clone()
    wanted, gradient = value.requires_grad, value.grad if value.is_leaf else None

    @torch.no_grad()
    def restore() -> None:
        if value.data_ptr() != alias.data_ptr():
            value.data = alias
        if not torch.equal(alias, copied):
            alias.copy_(copied)
        if value.is_leaf:
            value.requires_grad_(wanted)
            value.grad = gradient

    return restore
