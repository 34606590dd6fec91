"""Run a network over many batches in lockstep: all wait at a layer before any goes past it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from greenlet import error as greenlet_error
from greenlet import getcurrent, greenlet
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models import evaluation_mode, matched, reading

PARTED = (
    "take different ways through the network (blocks that are skipped at random, or by what they "
    "read): layers cannot be repaired one by one"
)


@dataclass(frozen=True, eq=False)
class Stop:
    """A module that is about to run, and what it is about to read.

    Attributes:
        name: Of the module.
        inputs: What it reads, one tensor for each batch; the network goes on to use them.
    """

    name: str
    inputs: tuple[Tensor, ...]


@contextmanager
def plainly() -> Iterator[None]:
    """Leave what a forward pass has switched on by the time that it waits; afterwards it is on.

    Autocast, inference mode and gradients belong to the thread, which all batches share.
    """
    with ExitStack() as stack:
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.no_grad())
        yield


def in_lockstep(
    model: nn.Module,
    modules: Mapping[str, nn.Module],
    batches: Sequence[Tensor],
    outputs: list[Any] | None = None,
) -> Iterator[Stop]:
    """Run each batch once, and stop before each of the modules until all batches are there.

    A module may be changed at its stop: what comes after reads what it then gives, so a network is
    repaired layer by layer in one pass, whatever it computes between its layers. Each batch is a
    coroutine that is switched away from inside its forward pass; what is in memory is what the
    batches hold at that point.

    Args:
        model: The network; it runs in evaluation mode and without gradients.
        modules: Where to stop.
        batches: Samples, each of shape (n, ...).
        outputs: Filled with what the network returns for each batch.

    Yields:
        A stop for each run of a module.

    Raises:
        InputError: If batches take different ways through the network.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
        >>> for stop in in_lockstep(net, dict(net.named_children()), [torch.ones(1, 1)]):
        ...     print(stop.name, stop.inputs[0].item())
        ...     _ = nn.init.constant_(dict(net.named_children())[stop.name].weight, 3.0)
        0 1.0
        1 3.0
    """
    main = getcurrent()

    def wait(name: str, values: Tensor) -> None:
        with plainly():
            try:
                main.switch((name, values.detach()))
            except greenlet_error as error:
                raise InputError(
                    "a layer runs in another thread than its network (as in DataParallel): prune "
                    "the network itself, as model.module"
                ) from error

    def run(x: Tensor) -> None:
        output = model(matched(model, x))
        if outputs is not None:
            outputs.append(output)

    lanes = [greenlet(run, parent=main) for _ in batches]
    with evaluation_mode(model), reading(modules, wait):
        try:
            with torch.no_grad():
                arrived = [lane.switch(x) for lane, x in zip(lanes, batches, strict=True)]
            while any(arrived):
                if len({at and at[0] for at in arrived}) > 1:
                    raise InputError(f"batches {PARTED}")
                yield Stop(arrived[0][0], tuple(values for _, values in arrived))
                with torch.no_grad():
                    arrived = [lane.switch() for lane in lanes]
        finally:
            with torch.no_grad():
                for lane in lanes:
                    if lane:  # stopped inside its forward pass: unwind it
                        lane.throw()
