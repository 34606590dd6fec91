"""How fast two networks run, measured in turn, so that the load of the machine affects both."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models import evaluation_mode, matched, untouched

BATCH = 256
_MOST, _LEAST, _WARM = 200, 5, 3  # rounds


def speed(
    dense: nn.Module, pruned: nn.Module, x: Tensor, *, batch: int = BATCH, seconds: float = 0.1
) -> dict[str, float]:
    """Time two networks on one thread of the CPU, and on the GPU if there is one.

    Rounds have one pass of each network, the other one first each time; three do not count, and the
    median of up to 200 more (5 at least) is given. What is measured is PyTorch as it runs such a
    network, one call from Python each; on a busy machine even medians of ratios err.

    Args:
        dense: A network.
        pruned: Another one, as :func:`leastloss.compact` made it.
        x: Samples, shape (n, ...); repeated where they do not fill the batch.
        batch: Samples in one pass for the throughput.
        seconds: Time for each of latency and throughput, and for each device.

    Returns:
        ``latency_ms`` and ``dense_latency_ms``: milliseconds of a pass with one sample;
        ``throughput`` and ``dense_throughput``: samples a second in passes with a whole batch. With
        a CUDA device also the same names with ``gpu_`` in front.

    Raises:
        InputError: If there is no sample, or a number is not above 0.

    Example:
        >>> net = nn.Linear(8, 2)
        >>> sorted(speed(net, net, torch.rand(4, 8), seconds=0.01))[:2]
        ['dense_latency_ms', 'dense_throughput']
    """
    if len(x) == 0 or batch < 1 or not seconds > 0:
        raise InputError(
            f"there are {len(x)} samples, batch is {batch} and seconds {seconds}; all must be "
            "above 0"
        )
    whole = x[torch.arange(batch) % len(x)]
    with untouched(dense, pruned):
        timings = _on(torch.device("cpu"), dense, pruned, x[:1], whole, seconds)
        if torch.cuda.is_available():
            gpu = _on(torch.device("cuda"), dense, pruned, x[:1], whole, seconds)
            timings |= {f"gpu_{name}": value for name, value in gpu.items()}
    return timings


def _on(
    device: torch.device,
    dense: nn.Module,
    pruned: nn.Module,
    sample: Tensor,
    batch: Tensor,
    s: float,
) -> dict[str, float]:
    models = [copy.deepcopy(model).to(device) for model in (dense, pruned)]
    with one_thread():
        single, whole = (_seconds(models, x, device, s) for x in (sample, batch))
    return {
        "latency_ms": 1e3 * single[1],
        "dense_latency_ms": 1e3 * single[0],
        "throughput": len(batch) / whole[1],
        "dense_throughput": len(batch) / whole[0],
    }


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread; afterwards on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _seconds(
    models: list[nn.Module], x: Tensor, device: torch.device, seconds: float
) -> list[float]:
    """The median time of a pass of each network."""
    took: list[list[float]] = [[] for _ in models]
    begin = time.perf_counter()
    with torch.inference_mode():
        inputs = [matched(model, x) for model in models]
        for turn in range(_WARM + _MOST):
            if turn == _WARM:
                begin = time.perf_counter()
            if turn >= _WARM + _LEAST and time.perf_counter() - begin > seconds:
                break
            pairs = list(zip(models, inputs, took, strict=True))
            # Who comes first in a round may be the one that a busy machine interrupts.
            for model, values, durations in pairs if turn % 2 else reversed(pairs):
                with evaluation_mode(model):
                    _wait(device)
                    start = time.perf_counter()
                    model(values)
                    _wait(device)
                    durations.append(time.perf_counter() - start)
    return [median(durations[_WARM:]) for durations in took]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
