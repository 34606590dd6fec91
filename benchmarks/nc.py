"""Neural Collapse geometry: speed and memory, each against a target or a peer in the same run.

Each line says what was reached, and what must be. A section is a function; ``SECTIONS`` names it.

    python benchmarks/nc.py                    # a minute: small sizes
    python benchmarks/nc.py --full             # minutes: the published sizes
    python benchmarks/nc.py --only statistics  # one section
"""

import time
from collections.abc import Callable, Sequence

import click
import torch
from torch import Tensor

from leastloss.geometry import (
    ClassStatistics,
    Separation,
    class_statistics,
    cosine_rise,
    eliminate,
    fisher_ratio,
    linear_margins,
    margin_loss,
    nc1_change,
)

CLASSES = 10


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
    click.echo(f"{work:<52}{reached + goal:>26}   {note}")


def samples(n: int, d: int) -> tuple[Tensor, Tensor]:
    """Rectified features of long-tailed classes (largest over smallest 100), shuffled."""
    generator = torch.Generator().manual_seed(0)
    shares = 100.0 ** (-torch.arange(CLASSES) / (CLASSES - 1))
    labels = torch.multinomial(shares, n, replacement=True, generator=generator)
    labels[:CLASSES] = torch.arange(CLASSES)
    centres = torch.randn(CLASSES, d, generator=generator)
    noise = torch.randn(n, d, generator=generator)
    return noise.add_(centres[labels], alpha=0.3).relu_(), labels


def made_up(d: int, classes: int = CLASSES) -> ClassStatistics:
    """Statistics of d features with correlations, without the cost of a pass over samples."""
    generator = torch.Generator().manual_seed(0)
    means = torch.rand(classes, d, generator=generator, dtype=torch.float64)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    mean = means.mean(dim=0)
    centred = means - mean
    return ClassStatistics(
        classes=torch.arange(classes),
        counts=torch.full((classes,), 100),
        weights=torch.full((classes,), 1 / classes, dtype=torch.float64),
        means=means,
        mean=mean,
        within=mix @ mix.T / d + 0.1 * torch.eye(d, dtype=torch.float64),
        between=centred.T @ centred / classes,
        variances=torch.ones(classes, d, dtype=torch.float64),
    )


def statistics(full: bool) -> None:
    """One pass of class statistics against the matrix product that it cannot do without."""
    n, d = (60_000, 1000) if full else (6_000, 300)
    features, labels = samples(n, d)
    product = seconds(lambda: features.T @ features, 3)
    took = seconds(lambda: class_statistics(features, labels, CLASSES), 3)
    say(
        f"class statistics, {n:,} x {d}, against X^T X",
        f"{took / product:.1f} products",
        "3",
        f"{took:.2f} s against {product:.2f} s in float32",
    )
    apart = seconds(lambda: class_statistics(features, labels, CLASSES, keep_covariances=True))
    say("  with the covariance of each class", f"{apart / product:.1f} products")


def unit_scores(full: bool) -> None:
    """Every unit score of one layer, from its statistics."""
    d = 2048 if full else 256
    found = made_up(d)
    for score in (fisher_ratio, nc1_change, cosine_rise):
        took = seconds(lambda score=score: score(found), 3)
        say(f"{score.__name__}, {d} units", f"{took * 1e3:.1f} ms")
    say(f"partial_fisher, {d} units", f"{seconds(lambda: Separation(found).losses()):.2f} s")
    width = 512 if full else 128  # each class has a covariance of its own
    features, labels = samples(20 * width, width)
    covered = class_statistics(features, labels, CLASSES, keep_covariances=True)
    weight = torch.randn(CLASSES, width, generator=torch.Generator().manual_seed(0))
    took = seconds(lambda: margin_loss(linear_margins(covered, weight)), 3)
    say(f"margin_loss, {width} units", f"{took * 1e3:.1f} ms")


def u3_path(full: bool) -> None:
    """The whole greedy order of the partial Fisher ratio, exact after every removal."""
    d = 2048 if full else 256
    found = made_up(d)
    for protect, name in ((1.0, "worst pair"), (0.0, "mean"), (0.5, "both")):
        took = seconds(lambda p=protect: eliminate([Separation(found, protect=p)], d))
        say(
            f"U3 path, {name}, {d} units",
            f"{took:.2f} s",
            "10 s" if full else "",
            f"{took / d * 1e3:.2f} ms a removal, {torch.get_num_threads()} threads",
        )


SECTIONS: dict[str, Callable[[bool], None]] = {
    "statistics": statistics,
    "unit-scores": unit_scores,
    "u3-path": u3_path,
}


@click.command(help=__doc__.split("\n")[0])
@click.option("--full", is_flag=True, help="The published sizes; takes minutes.")
@click.option("--only", multiple=True, type=click.Choice(list(SECTIONS)), help="Some sections.")
@click.option("--threads", type=int, default=0, help="Threads of torch; 0 leaves its default.")
def main(full: bool, only: Sequence[str], threads: int) -> None:
    if threads:
        torch.set_num_threads(threads)
    click.echo(f"{'-- work':<52}{'reached / must be':>26}")
    for name in only or SECTIONS:
        SECTIONS[name](full)


if __name__ == "__main__":
    main()
