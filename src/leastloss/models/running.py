"""Run a network on samples as it stands: its device, its number type; mode and hooks restored."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

from torch import Tensor, nn

from leastloss.arguments import lacks_memory
from leastloss.errors import InputError, brief


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


@contextmanager
def fitting(x: Tensor, model: nn.Module | None = None) -> Iterator[None]:
    """Say in one line that a network does not run on samples of such a shape.

    Args:
        x: The samples, shape (n, ...).
        model: The network, if the line is to say how one that reads integers can go on.

    Raises:
        InputError: In place of what torch says; what it says of memory is left as it is.

    Example:
        >>> import torch
        >>> with fitting(torch.zeros(1, 3)):
        ...     nn.Linear(2, 2)(torch.zeros(1, 3))
        Traceback (most recent call last):
        leastloss.errors.InputError: the network does not run on samples of shape (3,): ...
    """
    try:
        yield
    except InputError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        if lacks_memory(error):
            raise
        reason, shape = brief(error), tuple(x.shape[1:])
        if model is not None and _reads_integers(model, x):
            reason = "it reads integers; wrap it in ll.Adapted(network, integers=True)"
        raise InputError(
            f"the network does not run on samples of shape {shape}: {reason}"
        ) from error


def _reads_integers(model: nn.Module, x: Tensor) -> bool:
    """Whether a network that does not run on floats runs on the same numbers as integers."""
    with suppress(Exception):  # of a user's code; the caller says what failed first
        model(matched(model, x[:2]).long())
        return True
    return False


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


@contextmanager
def hooked(
    modules: Mapping[str, nn.Module], look: Callable[[str, nn.Module, Any, Any], Any]
) -> Iterator[None]:
    """Call a function after each run of these modules; afterwards, also on error, no more.

    It sees, and may replace, what a module itself gives: it is called before all forward hooks that
    are on the module already, as those of the network's owner.

    Args:
        modules: The modules to watch, by the names that the function is told.
        look: Given name, module, inputs (a tuple; those by keyword if there are no others) and
            output; what it returns, unless None, is the output instead.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        >>> ran = []
        >>> with hooked(dict(net.named_children()), lambda name, *_: ran.append(name)):
        ...     out = net(torch.zeros(1, 2))
        >>> ran
        ['0', '1']
    """

    def ran(name: str, module: nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
        return look(name, module, args or tuple(kwargs.values()), output)

    with ExitStack() as stack:
        for name, module in modules.items():
            handle = module.register_forward_hook(
                partial(ran, name), prepend=True, with_kwargs=True
            )
            stack.callback(handle.remove)
        yield


@contextmanager
def reading(
    modules: Mapping[str, nn.Module], look: Callable[[str, Tensor], Tensor | None]
) -> Iterator[None]:
    """Call a function before each run of these modules; afterwards, also on error, no more.

    It sees what the module reads: it is called after all forward pre-hooks that are on the module
    already.

    Args:
        modules: The modules to watch, by the names that the function is told.
        look: Given name and first input; what it returns, unless None, is read instead.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.ReLU(), nn.Linear(2, 3))
        >>> with reading({"1": net[1]}, lambda name, values: print(name, tuple(values.shape))):
        ...     out = net(torch.zeros(5, 2))
        1 (5, 2)
    """

    def runs(name: str, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:
        first = next(iter(kwargs), "")
        values = look(name, args[0] if args else kwargs[first])
        if values is None:
            return None
        return ((values, *args[1:]), kwargs) if args else (args, {**kwargs, first: values})

    with ExitStack() as stack:
        for name, module in modules.items():
            handle = module.register_forward_pre_hook(partial(runs, name), with_kwargs=True)
            stack.callback(handle.remove)
        yield
