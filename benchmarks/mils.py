"""MILS: every information loss and the exact sequential order, against their peers in the same run.

* All single-removal BDM losses of one matrix, against pybdm's ``PerturbationExperiment`` on the
  same matrix (both must agree to 1e-9), and, for large matrices where pybdm would take minutes,
  against copying the float64 array of results, the limit that memory sets.
* The sequential order, re-evaluated after every removal, against re-scoring everything with our
  own ``information_loss`` before each removal (timed on the first removals).
* One pruning step of a 100-32-32-10 binary network as public code does it (score all, remove 10).
* The sequential order of the hidden units between two layers.

The first call of each function is timed apart: it compiles, or loads the compiled code from disk.

    python benchmarks/mils.py          # seconds
    python benchmarks/mils.py --full   # minutes; 256x256 against pybdm, orders up to 4096x4096
"""

import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import numpy as np
from numpy.typing import NDArray

from leastloss.information import (
    encode,
    information_loss,
    removal_cost,
    removal_order,
    set_removal_order,
    unit_cells,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pybdm imports pkg_resources
    import pybdm


def seconds(action: Callable[[], object], repeats: int = 1) -> float:
    """Best wall time of some repetitions."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


@contextmanager
def row(work: str) -> Iterator[Callable[[str], None]]:
    yield lambda result: click.echo(f"{work:<58}{result}")


def random_matrix(size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 2, (size, size), dtype=np.uint8)


def first_calls() -> None:
    small = random_matrix(12)
    for work, action in (
        ("information_loss", lambda: information_loss(small)),
        ("removal_order", lambda: removal_order(small)),
        ("set_removal_order", lambda: set_removal_order(small, [[0]])),
    ):
        with row(f"first call of {work}") as say:
            say(f"{seconds(action):8.2f} s")


def losses_against_pybdm(size: int) -> None:
    matrix = random_matrix(size)
    cells = np.argwhere(matrix)
    experiment = pybdm.PerturbationExperiment(pybdm.BDM(ndim=2), matrix.astype(int))
    start = time.perf_counter()
    theirs = -experiment.run(cells)
    slow = time.perf_counter() - start
    fast = seconds(lambda: information_loss(matrix), 9)
    gap = np.abs(information_loss(matrix)[tuple(cells.T)] - theirs).max()
    with row(f"all losses, {size}x{size}: ours | pybdm") as say:
        say(f"{fast * 1e3:8.2f} ms | {slow:8.2f} s | x {slow / fast:,.0f} | apart {gap:.1e}")


def losses_against_copy(size: int) -> None:
    matrix = random_matrix(size)
    result = np.asarray(information_loss(matrix))
    copy = seconds(lambda: result.copy(), 5)
    fast = seconds(lambda: information_loss(matrix), 5)
    with row(f"all losses, {size}x{size}: ours | copy of the result") as say:
        say(
            f"{fast * 1e3:8.1f} ms | {copy * 1e3:8.1f} ms | {fast / copy:.1f} times the copy | "
            f"{fast / matrix.size * 1e9:.1f} ns a weight"
        )


def sequential(size: int, complexity: str, boundary: str = "ignore") -> None:
    matrix = random_matrix(size)
    start = time.perf_counter()
    order = removal_order(matrix, complexity=complexity, boundary=boundary)
    fast = (time.perf_counter() - start) / len(order)
    left = matrix.copy()

    def rescore() -> None:
        cost = removal_cost(information_loss(left, complexity=complexity, boundary=boundary))
        left.flat[np.nanargmin(cost)] = 0

    slow = seconds(rescore, 3)
    with row(f"sequential {complexity}, {boundary}, {size}x{size}: ours | re-scoring") as say:
        say(f"{fast * 1e6:8.2f} us | {slow * 1e3:8.2f} ms a removal | x {slow / fast:,.0f}")


def memory(size: int) -> None:
    matrix = random_matrix(size)
    tracemalloc.start()
    removal_order(matrix)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with row(f"peak memory of the order of {size}x{size}, matrix apart") as say:
        say(f"{peak / matrix.size:8.1f} bytes a weight")


def pruning_step() -> None:
    generator = np.random.default_rng(0)
    shapes = ((32, 100), (32, 32), (10, 32))
    planes = [p for shape in shapes for p in encode(generator.choice([-1, 1], shape))]

    def step() -> None:
        losses = information_loss(planes, boundary="periodic")
        cost = removal_cost(np.concatenate([loss.ravel() for loss in losses]))
        np.argpartition(cost, 10)

    experiments = [
        pybdm.PerturbationExperiment(pybdm.BDM(ndim=2), plane.astype(int)) for plane in planes
    ]
    slow = seconds(lambda: [e.run(np.argwhere(e.X)) for e in experiments])
    with row("one step of 100-32-32-10, re-scoring all: ours | pybdm") as say:
        fast = seconds(step, 9)
        say(f"{fast * 1e3:8.2f} ms | {slow * 1e3:8.1f} ms | x {slow / fast:,.0f}")


def units(width: int) -> None:
    generator = np.random.default_rng(0)
    planes = [p for _ in range(2) for p in encode(generator.choice([-1, 1], (width, width)))]
    cells = unit_cells([plane.shape for plane in planes], [0, 1], [2, 3])
    took = seconds(lambda: set_removal_order(planes, cells))
    with row(f"sequential order of {width} units, two {width}x{width} layers") as say:
        say(f"{took:8.2f} s")


@click.command(help=__doc__.split("\n")[0])
@click.option("--full", is_flag=True, help="The published sizes; takes minutes.")
def main(full: bool) -> None:
    first_calls()
    losses_against_pybdm(256 if full else 64)
    losses_against_copy(4096 if full else 1024)
    pruning_step()
    for complexity in ("bdm", "entropy"):
        for size in (1024, 4096) if full else (256,):
            sequential(size, complexity)
    sequential(1022 if full else 254, "bdm", "periodic")
    sequential(64, "bdm", "overlapping")
    memory(4096 if full else 512)
    units(1024 if full else 128)


if __name__ == "__main__":
    main()
