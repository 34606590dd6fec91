"""MILS: every information loss and the exact sequential order, against targets and peers.

Each line says what was reached, and what must be. Peers, all in the same run:

* losses of one matrix: pybdm's ``PerturbationExperiment`` (both must agree to 1e-9), and copying
  the float64 array of results, the limit that memory sets;
* the sequential order, re-evaluated after every removal: re-scoring everything with our own
  ``information_loss`` before each removal (timed on some removals);
* one pruning step of a 100-32-32-10 binary network: pybdm, plane by plane, as public code does it.

The first calls, which compile, or load the compiled code from disk, are timed apart.

    python benchmarks/mils.py          # a minute; orders of small matrices
    python benchmarks/mils.py --full   # minutes; orders of 4096x4096 and of a ResNet-18
"""

import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.information import (
    accelerated,
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


def say(work: str, reached: str, target: str = "", note: str = "") -> None:
    goal = f" / {target}" if target else ""
    click.echo(f"{work:<50}{reached + goal:>30}   {note}")


def random_matrix(size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 2, (size, size), dtype=np.uint8)


def resnet18() -> list[tuple[int, int]]:
    """The weight matrices of ResNet-18: (outputs, inputs * height * width)."""
    shapes = [(64, 3 * 7 * 7)]
    before = 64
    for width in (64, 128, 256, 512):
        shapes += [(width, before * 9), *[(width, width * 9)] * 3]
        shapes += [(width, before)] if width != before else []
        before = width
    return [*shapes, (1000, 512)]


def planes_of(shapes: list[tuple[int, int]]) -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(0)
    return [p for shape in shapes for p in encode(generator.choice([-1, 1], shape))]


def first_calls() -> None:
    small = random_matrix(12)
    for work, action in (
        ("information_loss", lambda: information_loss(small)),
        ("information_loss, periodic", lambda: information_loss(small[:9], boundary="periodic")),
        ("removal_order", lambda: removal_order(small)),
        ("set_removal_order", lambda: set_removal_order(small, [[0]])),
    ):
        say(f"first call of {work}", f"{seconds(action):.2f} s")


def first_calls_apart() -> None:
    """In processes of their own: the first compiles, the second loads what the first has left."""
    with tempfile.TemporaryDirectory() as folder:
        for what in ("compiled", "loaded from disk"):
            click.echo(f"-- {what}")
            environment = os.environ | {"NUMBA_CACHE_DIR": folder}
            subprocess.run([sys.executable, __file__, "--only-first-calls"], env=environment)


def losses_against_pybdm(size: int) -> None:
    matrix = random_matrix(size)
    cells = np.argwhere(matrix)
    experiment = pybdm.PerturbationExperiment(pybdm.BDM(ndim=2), matrix.astype(int))
    slow = seconds(lambda: experiment.run(cells), 3)
    theirs = -experiment.run(cells)  # pybdm: after minus before
    fast = seconds(lambda: information_loss(matrix), 30)
    gap = np.abs(information_loss(matrix)[tuple(cells.T)] - theirs).max()
    say(
        f"all BDM losses, {size}x{size}, against pybdm",
        f"{slow / fast:,.0f} times faster",
        "2,000",
        f"{fast * 1e3:.2f} ms against {slow:.2f} s, values {gap:.1e} apart / 1e-9",
    )


def losses_against_copy(size: int, complexity: str) -> None:
    matrix = random_matrix(size)
    result = np.asarray(information_loss(matrix))
    copy = seconds(lambda: result.copy(), 7)
    fast = seconds(lambda: information_loss(matrix, complexity=complexity), 7)
    say(
        f"all {complexity} losses, {size}x{size}, against a copy",
        f"{fast / copy:.1f} copies",
        "6",
        f"{fast * 1e3:.1f} ms against {copy * 1e3:.1f}, {fast / matrix.size * 1e9:.1f} ns a cell",
    )


def losses_by_torch(size: int, boundary: str, device: str) -> None:
    matrix = random_matrix(size)
    tensor = torch.from_numpy(matrix).to(device)

    def score() -> None:
        accelerated.information_loss([tensor], boundary=boundary)
        if device == "cuda":
            torch.cuda.synchronize()

    score()
    fast = seconds(score, 5)
    plain = seconds(lambda: information_loss(matrix, boundary=boundary), 5)
    say(
        f"losses by torch, {boundary}, {size}x{size}, {device}",
        f"{fast * 1e3:.1f} ms",
        note=f"NumPy path {plain * 1e3:.1f} ms",
    )


def sequential(size: int, complexity: str, boundary: str = "ignore", target: str = "") -> None:
    matrix = random_matrix(size)
    removals = int(matrix.sum())
    order = partial(removal_order, matrix, complexity=complexity, boundary=boundary, progress=False)
    fast = seconds(order, 3) / removals
    left = matrix.copy()

    def rescore() -> None:
        cost = removal_cost(information_loss(left, complexity=complexity, boundary=boundary))
        left.flat[np.nanargmin(cost)] = 0

    slow = seconds(rescore, 3)
    say(
        f"order, {complexity}, {boundary}, {size}x{size}",
        f"{fast * 1e6:.2f} us a removal",
        target,
        f"re-scoring {slow * 1e3:.1f} ms a removal, x {slow / fast:,.0f}",
    )


def peak_of_an_order(size: int) -> None:
    """Peak memory above that of the process with its matrix (Linux), in bytes a weight."""
    matrix = random_matrix(size)
    removal_order(matrix[:12, :12])  # the compiled code and the tables
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = resident("VmRSS")
    removal_order(matrix)
    peak = resident("VmHWM") - before
    say(f"peak memory of an order, {size}x{size}", f"{peak / size**2:.1f} bytes a weight", "64")


def resident(entry: str) -> int:
    """Bytes of memory by an entry of Linux' list: VmRSS now, VmHWM at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(entry)) * 1024


def pruning_step() -> None:
    planes = planes_of([(32, 100), (32, 32), (10, 32)])

    def step() -> None:
        losses = information_loss(planes, boundary="periodic")
        cost = removal_cost(np.concatenate([loss.ravel() for loss in losses]))
        np.argpartition(cost, 10)

    experiments = [
        pybdm.PerturbationExperiment(pybdm.BDM(ndim=2), plane.astype(int)) for plane in planes
    ]
    slow = seconds(lambda: [e.run(np.argwhere(e.X)) for e in experiments], 3)
    fast = seconds(step, 20)
    say(
        "one step of 100-32-32-10, all scored anew",
        f"{fast * 1e3:.2f} ms",
        "2 ms",
        f"pybdm, plane by plane, {slow * 1e3:.1f} ms, x {slow / fast:,.0f}",
    )


def network(name: str, shapes: list[tuple[int, int]], target: str) -> None:
    planes = planes_of(shapes)
    weights = sum(rows * cols for rows, cols in shapes)
    took = seconds(lambda: removal_order(planes, boundary="periodic"))
    say(
        f"order of {name}, {weights:,} weights",
        f"{took:.1f} s",
        target,
        f"{took / weights * 1e6:.2f} us a removal, two planes a layer, periodic",
    )


def units(width: int, target: str) -> None:
    planes = planes_of([(width, width)] * 2)
    cells = unit_cells([plane.shape for plane in planes], [0, 1], [2, 3])
    took = seconds(lambda: set_removal_order(planes, cells))
    say(f"order of {width} units, two {width}x{width} layers", f"{took:.2f} s", target)


@click.command(help=__doc__.split("\n")[0])
@click.option("--full", is_flag=True, help="The published sizes; takes minutes.")
@click.option("--only-first-calls", is_flag=True, hidden=True)
@click.option("--only-peak", type=int, hidden=True)
def main(full: bool, only_first_calls: bool, only_peak: int | None) -> None:
    if only_first_calls:
        return first_calls()
    if only_peak:
        return peak_of_an_order(only_peak)
    if full:
        first_calls_apart()
    click.echo(f"{'-- work':<50}{'reached / must be':>30}")
    first_calls()
    losses_against_pybdm(256)
    for complexity in ("bdm", "entropy"):
        losses_against_copy(4096, complexity)
    pruning_step()
    torch.set_num_threads(1)  # one core, as the NumPy path
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        losses_by_torch(4096 if full else 512, "ignore", device)
        losses_by_torch(1022 if full else 254, "overlapping", device)
    for size in (1024, 4096) if full else (1024,):
        sequential(size, "bdm", target="1 us" if size == 4096 else "")
        sequential(size, "entropy")
    sequential(1022 if full else 254, "bdm", "periodic")
    sequential(64, "bdm", "overlapping")
    subprocess.run([sys.executable, __file__, "--only-peak", "4096" if full else "1024"])
    if full:
        network("a ResNet-18", resnet18(), "20 s")
    else:
        network("a 784-256-10 network", [(256, 784), (10, 256)], "")
    units(1024 if full else 128, "10 s" if full else "")
    return None


if __name__ == "__main__":
    main()
