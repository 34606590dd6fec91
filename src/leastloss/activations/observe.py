"""Look into a network while it runs, and leave it as it was: mode, gradients, hooks."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from leastloss.data import Split, apart, at_most, is_map, labelled, standing
from leastloss.errors import InputError
from leastloss.models import has_maps, hooked, matched

BATCH = 4096  # samples per forward pass: bounds the memory, not the result
OF_MAPS = 2000  # samples of all classes in networks with convolutions
FEWEST = 20  # of each class among them
MAPS_BATCH = 64  # feature maps: small batches stay in a processor's cache
MOST_ROWS = 10_240  # results of samples in other networks: larger batches gain nothing
MOST_MAPS = 512  # samples whose maps fit the memory: what a GPU wants in a batch
FEWEST_AT_ONCE = 8  # samples of a batch of which many results are held


def batch_size(model: nn.Module) -> int:
    """Samples per forward pass, by the network's layers and the device that it is on.

    Example:
        >>> batch_size(nn.Linear(2, 2)), batch_size(nn.Conv2d(1, 1, 1))
        (4096, 64)
    """
    if not has_maps(model):
        return BATCH
    device = next((value.device.type for value in model.parameters()), "cpu")
    return MAPS_BATCH if device == "cpu" else MOST_MAPS


@contextmanager
def observing(
    layers: Mapping[str, nn.Module], look: Callable[[str, Tensor], None]
) -> Iterator[dict[str, Tensor]]:
    """Show each layer's input to ``look`` while the network runs, and collect the outputs.

    The outputs are what later modules see and require a gradient, so a derivative with respect to
    them exists even if the parameters are frozen. All hooks are gone at the end, also on error.

    Yields:
        Layer name -> output of the run; filled by the forward pass.

    Raises:
        InputError: If a layer runs twice in a forward pass.

    Example:
        >>> layer = nn.Linear(2, 3)
        >>> with observing({"only": layer}, lambda name, x: print(name, tuple(x.shape))) as outputs:
        ...     y = layer(torch.zeros(5, 2))
        only (5, 2)
        >>> tuple(outputs["only"].shape)
        (5, 3)
    """
    outputs: dict[str, Tensor] = {}

    def record(name: str, _: nn.Module, args: Any, output: Tensor) -> Tensor:
        if name in outputs:
            raise InputError(f"layer {name!r} runs twice in a forward pass; once is supported")
        look(name, args[0].detach())
        outputs[name] = output if output.requires_grad else output.detach().requires_grad_()
        return outputs[name].clone()  # an in-place activation must not change what is kept

    with hooked(layers, record):
        yield outputs


def check_called(layers: Iterable[str], seen: Container[str]) -> None:
    """Refuse layers that a forward pass did not call.

    Raises:
        InputError: If one of the layers was not seen.

    Example:
        >>> check_called(["first", "spare"], {"first"})
        Traceback (most recent call last):
        leastloss.errors.InputError: layer 'spare' is not called in a forward pass; leave it out
    """
    for name in layers:
        if name not in seen:
            raise InputError(f"layer {name!r} is not called in a forward pass; leave it out")


def batches(
    split: Split, model: nn.Module, size: int | None = None, *, at_once: int = 1
) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut a split into batches of inputs and labels that fit the network.

    Where so many results of a batch are held ``at_once``, batches are as much smaller.
    """
    if size is None:
        room = MOST_MAPS if has_maps(model) else MOST_ROWS
        size = min(batch_size(model), max(FEWEST_AT_ONCE, room // at_once))
    for x, y in zip(torch.split(split.x, size), torch.split(split.y, size), strict=True):
        fitting = matched(model, x)
        yield fitting, y.to(fitting.device)


def each_label(
    split: Split, model: nn.Module, size: int | None = None, *, at_once: int = 1
) -> Iterator[tuple[Tensor, Tensor]]:
    """As :func:`batches`, in which a sample whose positions have labels comes once for each label.

    Its map has this label alone, so that :func:`labelled_logits` gives one row for each sample.
    """
    for x, y in batches(split, model, size, at_once=at_once):
        if not is_map(y):
            yield x, y
            continue
        for where in (y >= 0).nonzero().split(len(x)):
            yield x[where[:, 0]], apart(y, where)


def labelled_logits(model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Run the network; logits (m, C) and labels (m,), a row for each label.

    Raises:
        InputError: As :func:`logits_of`.
    """
    return labelled(logits_of(model, x, tuple(y.shape[1:])), y)


def logits_of(model: nn.Module, x: Tensor, places: tuple[int, ...] = ()) -> Tensor:
    """Run the network and check what goes in and what comes out.

    Raises:
        InputError: If the input is not finite, or the output not of shape (n, C, *places), or not
            finite.
    """
    if not torch.isfinite(x).all():  # a ReLU or a sign could swallow it
        raise InputError("the training samples are not finite (NaN or infinity)")
    logits = model(x)
    shape = tuple(logits.shape) if isinstance(logits, Tensor) else ()
    if not isinstance(logits, Tensor) or len(shape) < 2 or shape != (len(x), shape[1], *places):
        shown = shape if isinstance(logits, Tensor) else type(logits).__name__
        wanted = ", ".join(["n", "C", *map(str, places)])
        raise InputError(f"the network returns {shown} for {len(x)} samples; logits are ({wanted})")
    if not torch.isfinite(logits).all():
        raise InputError("the logits are not finite (NaN or infinity)")
    return logits


def enough_of(
    split: Split, model: nn.Module, *, balanced: bool, most: int = 0
) -> tuple[Split, Tensor]:
    """Samples that are enough for an average, and the weight of one of each class.

    All of them; in networks with convolutions, where each is read at many positions and takes much
    longer, and where positions have labels, as many as :func:`per_class_of_maps` says, always the
    same draw.

    Args:
        split: All samples.
        model: Decides how many are enough.
        balanced: Count every class once; False gives each class its share of the split.
        most: Samples of each class, if fewer are enough; 0 for no further limit.

    Returns:
        The samples, and weights, shape (C,), float64.

    Raises:
        InputError: If a class has no sample.
    """
    shares = class_shares(split, balanced=balanced)
    positions = has_maps(model) or is_map(split.y)
    enough = per_class_of_maps(split.classes) if positions else 0
    limits = [limit for limit in (most, enough) if limit]
    some = at_most(split, min(limits)) if limits else split
    return some, standing(split, some, shares)


def per_class_of_maps(classes: int) -> int:
    """Samples of each class that are enough in networks with convolutions.

    Example:
        >>> [per_class_of_maps(classes) for classes in (2, 10, 43, 1000)]
        [1000, 200, 46, 20]
    """
    return max(FEWEST, OF_MAPS // classes)


def class_shares(split: Split, *, balanced: bool) -> Tensor:
    """Weight of one sample of each class in an average, shape (C,), float64.

    Raises:
        InputError: If a class has no sample.

    Example:
        >>> split = Split(torch.zeros(3, 1), torch.tensor([0, 0, 1]), 2, ())
        >>> class_shares(split, balanced=True)
        tensor([0.2500, 0.5000], dtype=torch.float64)
    """
    return shares_by_count(torch.from_numpy(split.counts()), balanced=balanced)


def shares_by_count(counts: Tensor, *, balanced: bool) -> Tensor:
    """As :func:`class_shares`, from the number of samples of each class, shape (C,)."""
    counts = counts.double()
    if not counts.all():
        empty = int((counts == 0).nonzero()[0])
        raise InputError(f"class {empty} has no training sample; every class needs at least one")
    if balanced:
        return 1 / (len(counts) * counts)
    return torch.full_like(counts, float(1 / counts.sum()))
