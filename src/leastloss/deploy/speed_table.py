"""How fast a network is before and after: dense, with zeros, without its units, on bits."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn

from leastloss.deploy.onnx_runs import answers
from leastloss.evaluation import run_times
from leastloss.models import evaluation_mode

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

DENSE, MASKED, COMPACTED, ON_BITS = "dense", "zeros in place", "units taken out", "on bits"
"""The forms of a network."""
PYTORCH, ONNX_RUNTIME = "PyTorch", "ONNX Runtime"
"""The programs that run them."""

_ALIKE = 1.15  # ratio of two latencies that a quiet machine measures of equal networks


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A form of a network, who ran it, and how fast it was, on one thread of the CPU."""

    form: str
    program: str
    latency_ms: float
    throughput: float


def speed_table(
    networks: Mapping[str, nn.Module],
    sessions: Mapping[str, "InferenceSession"],
    x: Tensor,
    *,
    seconds: float = 0.2,
    batch: int = 256,
) -> list[Timed]:
    """Time the forms of a network in turn.

    Args:
        networks: Form -> network that PyTorch runs.
        sessions: Form -> its ONNX file, opened.
        x: Samples, shape (n, ...).
        seconds: Time for the latencies, and for the throughputs.
        batch: Samples in one pass for the throughput.

    Example:
        >>> import torch
        >>> [row] = speed_table({DENSE: nn.Linear(3, 2)}, {}, torch.rand(4, 3), seconds=0.01)
        >>> row.form, row.program
        ('dense', 'PyTorch')
    """
    runs: dict[tuple[str, str], Callable[[Tensor], object]] = {}
    for form in dict.fromkeys([*networks, *sessions]):
        if form in networks:
            runs[form, PYTORCH] = networks[form]
        if form in sessions:
            runs[form, ONNX_RUNTIME] = partial(answers, sessions[form])
    with ExitStack() as modes:
        for model in networks.values():
            modes.enter_context(evaluation_mode(model))
        named = {f"{form}, {program}": run for (form, program), run in runs.items()}
        times = run_times(named, x, seconds=seconds, batch=batch)
    return [
        Timed(form=form, program=program, latency_ms=latency, throughput=throughput)
        for (form, program), (latency, throughput) in zip(runs, times.values(), strict=True)
    ]


def what_zeros_buy(rows: Sequence[Timed]) -> str:
    """Say whether a network with zeros in place of weights runs faster than the dense one.

    Example:
        >>> rows = [
        ...     Timed(form=form, program=PYTORCH, latency_ms=1, throughput=1)
        ...     for form in (DENSE, MASKED)
        ... ]
        >>> what_zeros_buy(rows)
        'Zeros alone make nothing faster: both programs multiply by them.'
        >>> what_zeros_buy(rows[:1])
        ''
    """
    latency = {(row.form, row.program): row.latency_ms for row in rows}
    gains = [
        latency[DENSE, program] / latency[MASKED, program]
        for program in (PYTORCH, ONNX_RUNTIME)
        if (MASKED, program) in latency and (DENSE, program) in latency
    ]
    if not gains or max(gains) > _ALIKE:
        return ""
    return "Zeros alone make nothing faster: both programs multiply by them."
