"""Neural Collapse geometry: speed and memory, each against a target or a peer in the same run.

Each line says what was reached, and what must be. A section is a function; ``SECTIONS`` names it.

    python benchmarks/nc.py                    # a minute: small sizes
    python benchmarks/nc.py --full             # minutes: the published sizes
    python benchmarks/nc.py --only statistics  # one section
"""

import copy
import resource
import time
from collections.abc import Callable, Sequence

import click
import numpy as np
import torch
from torch import Tensor

from leastloss.criteria import ScoringContext, as_criterion
from leastloss.data import Data, Split, load_data
from leastloss.errors import ResourceError
from leastloss.geometry import (
    ClassStatistics,
    Separation,
    class_statistics,
    cosine_rise,
    eliminate,
    fisher_ratio,
    linear_margins,
    margin_loss,
    masked_least_squares,
    nc1_change,
)
from leastloss.models import MLP, prunable_layers
from leastloss.pruning import apply_masks, as_recovery, prune
from leastloss.training import fit

CLASSES = 10


def seconds(action: Callable[[], object], repeats: int = 1) -> float:
    """Best wall time of some repetitions."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def peak() -> int:
    """Most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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


def long_tailed(n: int, features: int) -> Data:
    """Made-up images in [0, 1] of long-tailed classes, most pixels dark as in drawings."""
    x, y = samples(n + 400, features)
    x = (0.3 * x).clamp(max=1).where(torch.rand(features) < 0.4, 0.0)
    train = Split(x[:n], y[:n], CLASSES, (8, 9))
    rest = Split(x[n:], y[n:], CLASSES, (8, 9))
    return Data.from_tensors((train.x, train.y), val=(rest.x, rest.y), test=(rest.x, rest.y))


def compensation(full: bool) -> None:
    """The score of weights and one compensation of a perceptron, and the peak of their memory."""
    n, width = (60_000, 784) if full else (6_000, 100)
    data, model = long_tailed(n, width), MLP(width, (300, 100), CLASSES).eval()
    masks = {name: torch.rand_like(m.weight) < 0.05 for name, m in prunable_layers(model).items()}
    before = peak()
    context = ScoringContext(
        model=model,
        masks={name: torch.ones_like(mask) for name, mask in masks.items()},
        train=data.train,
        granularity="weight",
        generator=np.random.default_rng(0),
    )
    for spec in ("gauss-newton", "nc"):
        took = seconds(lambda s=spec: as_criterion(s).score(context))
        say(f"{spec} of {width}-300-100-10, {n:,} samples", f"{took:.1f} s", "10 s" if full else "")
    pruned = copy.deepcopy(model)
    apply_masks(pruned, masks)
    took = seconds(lambda: as_recovery("compensate").begin(model, data, 0)(pruned, masks))
    say(f"compensate, {width}-300-100-10, 95 %", f"{took:.1f} s", "10 s" if full else "")
    say("  memory above the data", f"{(peak() - before) / 2**20:.0f} MiB", "2048 MiB")


def iterated(full: bool) -> None:
    """Prune, repair, score again: thirty steps to 99.5 %, measured at the last."""
    n, width, steps = (60_000, 784, 30) if full else (6_000, 100, 6)
    data, model = long_tailed(n, width), MLP(width, (300, 100), CLASSES).eval()
    path(data, model, steps, "compensate", "10 s" if full else "")
    path(data, model, steps, "compensate+refit")


def iterated_mnist(full: bool) -> None:
    """The same of a trained perceptron on long-tailed MNIST, where it is."""
    try:
        data = load_data("mnist", imbalance="exp", ratio=100, seed=0, download=False)
    except ResourceError as error:
        click.echo(f"long-tailed MNIST left out: {error}")
        return
    model = MLP(data.features, (300, 100), CLASSES)
    fit(model, data, epochs=3, progress=False)
    path(data, model, 30 if full else 6, "compensate", "10 s" if full else "")


def path(data: Data, model: MLP, steps: int, recovery: str, target: str = "") -> None:
    took = seconds(
        lambda: prune(
            model,
            data,
            "nc",
            sparsities=[0.995],
            substeps=steps,
            spacing="geometric",
            recovery=recovery,
            progress=False,
        )
    )
    work = f"nc, {steps} steps to 99.5 %, {recovery}"
    say(work, f"{took:.1f} s", target, f"{data.name}, {len(data.train):,} images")


def wide_layer(full: bool) -> None:
    """Compensation of one wide layer, every row with a support of its own, against a row loop."""
    d = 4096 if full else 512
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(d, d, generator=generator)
    moments = (mix @ mix.T / d).double() + 0.1 * torch.eye(d, dtype=torch.float64)
    weights = torch.randn(d, d, generator=generator).double()
    cross, mask = moments @ weights.T, torch.rand(d, d, generator=generator) < 0.05
    ridge = torch.full((d,), 1e-3, dtype=torch.float64)
    took = seconds(lambda: masked_least_squares(moments, cross, mask, ridge))
    some = range(64)

    def loop() -> None:
        for row in some:
            kept = mask[row].nonzero()[:, 0]
            block = moments[kept][:, kept] + torch.diag(ridge[kept])
            torch.linalg.solve(block, cross[kept, row])

    alone = seconds(loop, 3) * d / len(some)
    say(
        f"compensation of {d} x {d} at 95 %",
        f"{took:.1f} s",
        "120 s" if full else "",
        f"a loop over rows with torch.linalg.solve: {alone:.1f} s",
    )


SECTIONS: dict[str, Callable[[bool], None]] = {
    "statistics": statistics,
    "unit-scores": unit_scores,
    "u3-path": u3_path,
    "compensation": compensation,
    "iterated": iterated,
    "iterated-mnist": iterated_mnist,
    "wide-layer": wide_layer,
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
