"""How fast networks run, measured in turn, so that the load of the machine affects all."""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
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
    whole = _whole(x, batch, seconds)
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
    with ExitStack() as modes:
        for model in models:
            modes.enter_context(evaluation_mode(model))
        single, whole = (_seconds(_passes(models, x), device, s) for x in (sample, batch))
    return {
        "latency_ms": 1e3 * single[1],
        "dense_latency_ms": 1e3 * single[0],
        "throughput": len(batch) / whole[1],
        "dense_throughput": len(batch) / whole[0],
    }


def _passes(models: list[nn.Module], x: Tensor) -> list[Callable[[], object]]:
    return [partial(model, matched(model, x)) for model in models]


def run_times(
    runs: Mapping[str, Callable[[Tensor], object]],
    x: Tensor,
    *,
    batch: int = BATCH,
    seconds: float = 0.1,
) -> dict[str, tuple[float, float]]:
    """Time anything that maps samples to logits, in turn, on one thread of the CPU.

    Args:
        runs: What runs by name: networks in evaluation mode, or functions.
        x: Samples, shape (n, ...); repeated where they do not fill the batch.
        batch: Samples in one pass for the throughput.
        seconds: Time for each of latency and throughput, for all of them.

    Returns:
        By name the milliseconds of a pass with one sample, and samples a second in passes with a
        whole batch; medians, as of :func:`speed`.

    Raises:
        InputError: If there is no sample, or a number is not above 0.

    Example:
        >>> list(run_times({"net": nn.Linear(8, 2)}, torch.rand(4, 8), seconds=0.01))
        ['net']
    """
    whole = _whole(x, batch, seconds)
    device = torch.device("cpu")
    single, many = (
        _seconds([partial(run, values) for run in runs.values()], device, seconds)
        for values in (x[:1], whole)
    )
    return {
        name: (1e3 * latency, len(whole) / duration)
        for name, latency, duration in zip(runs, single, many, strict=True)
    }


def _whole(x: Tensor, batch: int, seconds: float) -> Tensor:
    """A batch of samples, the same ones again where there are too few."""
    if len(x) == 0 or batch < 1 or not seconds > 0:
        raise InputError(
            f"there are {len(x)} samples, batch is {batch} and seconds {seconds}; all must be "
            "above 0"
        )
    return x[torch.arange(batch) % len(x)]


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
    passes: Sequence[Callable[[], object]], device: torch.device, seconds: float
) -> list[float]:
    """The median time of each pass."""
    took: list[list[float]] = [[] for _ in passes]
    begin = time.perf_counter()
    with one_thread(), torch.inference_mode():
        for turn in range(_WARM + _MOST):
            if turn == _WARM:
                begin = time.perf_counter()
            if turn >= _WARM + _LEAST and time.perf_counter() - begin > seconds:
                break
            pairs = list(zip(passes, took, strict=True))
            # Who comes first in a round may be the one that a busy machine interrupts.
            for run, durations in pairs if turn % 2 else reversed(pairs):
                _wait(device)
                start = time.perf_counter()
                run()
                _wait(device)
                durations.append(time.perf_counter() - start)
    return [median(durations[_WARM:]) for durations in took]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
