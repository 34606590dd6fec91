"""Intervals of a whole study in one call against scipy.stats.bootstrap, cell by cell.

A cell is one method at one sparsity: the differences of its seeds to a reference. Both give BCa
intervals of the mean from 9,999 resamples. SciPy meets a part of the cells, and its time is scaled
to all of them.

    python benchmarks/significance.py
"""

import time
from statistics import median

import click
import numpy as np
from scipy.stats import bootstrap

from leastloss.evaluation import RESAMPLES, paired_intervals

TARGET = 2.0  # seconds


def seconds_of(function: object, rounds: int) -> float:
    """Median time of a call."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        function()  # type: ignore[operator]
        times.append(time.perf_counter() - begin)
    return median(times)


@click.command(help=__doc__)
@click.option("--seeds", default=10, show_default=True)
@click.option("--methods", default=10, show_default=True)
@click.option("--sparsities", default=20, show_default=True)
@click.option("--part", default=10, show_default=True, help="Cells that SciPy meets.")
@click.option("--rounds", default=3, show_default=True)
def main(seeds: int, methods: int, sparsities: int, part: int, rounds: int) -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(0.9, 0.03, (seeds, 1, 1))
    values = dense - rng.random((seeds, methods, sparsities)) / 5
    reference = np.broadcast_to(dense, values.shape)
    cells = (values - dense).reshape(seeds, -1)

    def cell_by_cell() -> list[tuple[float, float]]:
        ends = []
        for cell in cells.T[:part]:
            found = bootstrap((cell,), np.mean, n_resamples=RESAMPLES, rng=0).confidence_interval
            ends.append((found.low, found.high))
        return ends

    ours = seconds_of(lambda: paired_intervals(values, reference), rounds)
    theirs = seconds_of(cell_by_cell, rounds) * cells.shape[1] / part
    _, low, high = paired_intervals(values, reference)
    mine = np.stack([low.ravel(), high.ravel()], axis=1)[:part]
    gap = float(np.abs(mine - cell_by_cell()).max())
    shape = f"{seeds} seeds x {methods} methods x {sparsities} sparsities"
    print(f"{shape}, {RESAMPLES} resamples, median of {rounds}:")
    print(f"  paired_intervals                 {ours:7.2f} s (target: under {TARGET:g})")
    print(f"  scipy.stats.bootstrap, a loop    {theirs:7.2f} s (from {part} cells)")
    print(f"  ratio                            {theirs / ours:7.1f}")
    print(f"  largest difference of an end     {gap:9.1e}")


if __name__ == "__main__":
    main()
