"""Networks with feature maps: what scores, repairs and measuring cost, as multiples of their floor.

The floor of a line is timed in the same run: forward passes of the same images by the same network,
or a named peer. Images and weights are made up, since neither changes the time.

    python benchmarks/resnet.py                 # a minute or two: small sizes
    python benchmarks/resnet.py --full          # minutes: the published sizes
    python benchmarks/resnet.py --only repair   # one section
    python benchmarks/resnet.py --device cuda   # on a GPU
"""

import copy
import resource
import time
from collections.abc import Callable, Sequence
from functools import partial

import click
import numpy as np
import torch
from torch import Tensor, nn

from leastloss.activations import Draws
from leastloss.criteria import Scores, ScoringContext, as_criterion
from leastloss.data import Data
from leastloss.evaluation import predict
from leastloss.geometry import masked_least_squares
from leastloss.models import build_model, prunable_layers
from leastloss.pruning import apply_masks, as_recovery, prune

DEVICE = torch.device("cpu")


def seconds(action: Callable[[], object], repeats: int = 1) -> float:
    """Best wall time of some repetitions."""
    best = float("inf")
    for _ in range(repeats):
        wait()
        start = time.perf_counter()
        action()
        wait()
        best = min(best, time.perf_counter() - start)
    return best


def wait() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def say(work: str, took: float, floor: float, peer: str, target: str = "") -> None:
    ratio = f"{took:.2f} s, {took / floor:.1f} x"
    click.echo(f"{work:<58}{ratio:>18}{floor:>9.2f} s  {peer:<34}{target}")


def made_up(per_class: int, classes: int, side: int, test: int) -> Data:
    generator = torch.Generator().manual_seed(0)

    def images(n: int) -> tuple[Tensor, Tensor]:
        x = torch.rand(n, 3, side, side, generator=generator)
        return x.to(DEVICE), (torch.arange(n) % classes).to(DEVICE)

    return Data.from_tensors(images(per_class * classes), val=images(classes), test=images(test))


def network(name: str, side: int, classes: int) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    model = build_model(name, (3, side, side), (), classes, generator=generator)
    settle(model, torch.rand(64, 3, side, side, generator=generator))
    return model.eval().to(DEVICE)


def settle(model: nn.Module, x: Tensor) -> None:
    """Let BatchNorm see images, or values grow with the depth of a network without training."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()(x)
    model.eval()


class Round:
    """A score and a repair of a network that has lost half of its weights, each timed apart.

    Neither finds anything that was computed before, but for what does not change along a path. The
    first repair notes its targets; ``again`` is that of all later rounds, by other masks.
    ``in_path`` is the score behind a repair, as in a path: what the repair read is there.
    """

    def __init__(self, model: nn.Module, data: Data, criterion: str, recovery: str) -> None:
        generator = torch.Generator().manual_seed(0)

        def thinned(share: float) -> dict[str, Tensor]:
            return {
                name: (torch.rand(layer.weight.shape, generator=generator) < share).to(DEVICE)
                for name, layer in prunable_layers(model).items()
            }

        masks, draws, pruned = thinned(0.5), Draws(), copy.deepcopy(model)
        apply_masks(pruned, masks)
        settle(pruned, data.train.x[:64])
        chosen = as_criterion(criterion)

        def score(masks: dict[str, Tensor], draws: Draws) -> Scores:
            context = ScoringContext(
                model=pruned,
                masks=masks,
                train=data.train,
                granularity="weight",
                generator=np.random.default_rng(0),
                draws=draws,
            )
            return chosen.score(context)

        self.score = seconds(lambda: score(masks, Draws()))
        self.prepare = seconds(lambda: self._begin(recovery, model, data, draws))
        self.repair = seconds(lambda: self._repair(pruned, masks))
        fewer = {name: mask & masks[name] for name, mask in thinned(0.8).items()}
        apply_masks(pruned, fewer)
        settle(pruned, data.train.x[:64])
        score(masks, draws)  # tells the repair that a score will ask for what it reads
        self.again = seconds(lambda: self._repair(pruned, fewer))
        self.in_path = seconds(lambda: score(fewer, draws))

    def _begin(self, recovery: str, model: nn.Module, data: Data, draws: Draws) -> None:
        self._repair = as_recovery(recovery).prepare(model, data, 0, draws)


def rounds(full: bool) -> None:
    """One repair and one score, ResNet-20 and 2,000 calibration images."""
    per_class = 200 if full else 20
    data, model = made_up(per_class, 10, 32, 10), network("resnet20", 32, 10)
    predict(model, data.train.x[:64])
    floor = seconds(lambda: predict(model, data.train.x), 2)
    name, peer = f"resnet20, {10 * per_class:,} images", "forward passes of them"
    nc = Round(model, data, "nc", "compensate")
    say(f"compensate, {name}", nc.again, floor, peer, "6 s" if full else "")
    say(f"nc behind a repair, {name}", nc.in_path, floor, peer, "4 s" if full else "")
    say(f"nc alone, {name}", nc.score, floor, peer)
    for spec in ("obs", "gauss-newton", "wanda", "taylor"):
        say(f"{spec}, {name}", Round(model, data, spec, "none").score, floor, peer)


def measuring(full: bool) -> None:
    """A path by magnitude without repair: nothing but measuring."""
    test, steps = (3000, 10) if full else (300, 3)
    data, model = made_up(200 if full else 40, 10, 32, test), network("resnet20", 32, 10)
    images = test + len(data.val)
    predict(model, data.test.x[:64])
    floor = (steps + 1) * seconds(lambda: predict(model, data.test.x), 2) * images / test
    options = {"steps": steps, "recovery": "none", "progress": False}
    prune(model, data, "magnitude", to_sparsity=0.5, steps=1, recovery="none", progress=False)
    took = seconds(lambda: prune(model, data, "magnitude", to_sparsity=0.95, **options))
    say(
        f"magnitude, {steps} steps, resnet20, {images:,} images",
        took,
        floor,
        "forward passes of test and validation",
        "1.2 x",
    )


def path(full: bool) -> None:
    """A whole path by nc with compensate."""
    per_class, test, steps = (200, 1000, 10) if full else (20, 200, 2)
    data, model = made_up(per_class, 10, 32, test), network("resnet20", 32, 10)
    floor = (steps + 1) * seconds(lambda: predict(model, data.test.x), 2)
    options = {"steps": steps, "spacing": "geometric", "progress": False}
    took = seconds(lambda: prune(model, data, "nc", recovery="compensate", **options))
    say(
        f"nc, compensate, {steps} steps to 95 %, resnet20",
        took,
        floor,
        "forward passes of test images",
        "180 s" if full else "",
    )


def resnet18(full: bool) -> None:
    """torchvision's ResNet-18: layers of 4,608 inputs and 512 rows."""
    per_class, side = (52, 64) if full else (4, 32)
    data, model = made_up(per_class, 10, side, 10), network("resnet18", side, 10)
    floor = seconds(lambda: predict(model, data.train.x), 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    nc = Round(model, data, "nc", "compensate")
    name, peer = f"resnet18, {len(data.train)} images of {side} x {side}", "forward passes of them"
    say(f"nc + compensate, {name}", nc.score + nc.repair, floor, peer, "180 s" if full else "")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    click.echo(f"  memory above the network and images: {grown:.1f} GiB (6)")


def wide(full: bool) -> None:
    """A square layer, each row with a support of its own, against SparseGPT's one factor for all.

    Half of the weights go, the smallest of each row, so that both solve one problem.
    """
    for d in (1024, 4096) if full else (512,):
        generator = torch.Generator().manual_seed(0)
        mixed = torch.randn(2 * d, d // 4, generator=generator)
        spread = torch.randn(d // 4, d, generator=generator) / (d // 4) ** 0.5
        x = (mixed @ spread + 0.1 * torch.randn(2 * d, d, generator=generator)).relu()
        moments = (x.T @ x / len(x)).double().to(DEVICE)
        weights = (torch.randn(d, d, generator=generator) / d**0.5).to(DEVICE)
        ridge = (1e-3 * moments.diagonal().mean()).expand(d).clone()
        mask = torch.zeros_like(weights, dtype=torch.bool)
        mask.scatter_(1, weights.abs().topk(d // 2, dim=1).indices, True)
        cross = moments @ weights.T.double()
        fit = partial(masked_least_squares, moments, cross, mask, ridge, start=weights * mask)
        peer = partial(sparsegpt, weights, moments, mask, ridge)
        ours, theirs = (
            float((((kept.double() - weights) @ moments) * (kept.double() - weights)).sum())
            for kept in (fit(), peer())
        )
        took, floor = seconds(fit), seconds(peer)
        say(f"compensate, {d} rows of {d} inputs, 50 %", took, floor, "SparseGPT", "3 x")
        click.echo(f"  squared error of the outputs: {ours:.4g}, SparseGPT's {theirs:.4g}")


def sparsegpt(weights: Tensor, moments: Tensor, mask: Tensor, ridge: Tensor) -> Tensor:
    """Column by column with one factor for all rows, in blocks of 128 (Frantar and Alistarh 2023).

    Algorithm 1 of arXiv 2301.00774, with the mask as it is handed over.
    """
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(moments + torch.diag(ridge)))
    upper = torch.linalg.cholesky(inverse, upper=True).float()
    left, size = weights.clone(), 128
    for start in range(0, left.shape[1], size):
        end = min(start + size, left.shape[1])
        errors = torch.zeros_like(left[:, start:end])
        for column in range(start, end):
            error = left[:, column].where(~mask[:, column], 0.0) / upper[column, column]
            left[:, column:end] -= error[:, None] * upper[column, column:end]
            errors[:, column - start] = error
        left[:, end:] -= errors @ upper[start:end, end:]
    return left * mask


def growth(full: bool) -> None:
    """How a round of nc and compensate grows: samples, classes, depth, width of the image."""
    cases = [("resnet20", 100, 10, 32), ("resnet20", 200, 10, 32), ("resnet20", 20, 100, 32)]
    cases += [("resnet56", 100, 10, 32), ("resnet20", 50, 10, 64)]
    for name, per_class, classes, side in cases if full else [("resnet8", 4, 10, 32)]:
        data, model = made_up(per_class, classes, side, 10), network(name, side, classes)
        floor = seconds(lambda m=model, d=data: predict(m, d.train.x), 2)
        nc = Round(model, data, "nc", "compensate")
        title = f"{name}, {per_class * classes:,} images, {classes} classes, {side} x {side}"
        say(f"nc: {title}", nc.score, floor, "forward passes of them")
        say(f"compensate: {title}", nc.again, floor, "forward passes of them")


def perceptron(full: bool) -> None:
    """Thirty rounds of a perceptron, to 99.5 %."""
    n, width, steps = (20_000, 784, 30) if full else (2_000, 100, 4)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(n + 400, width, generator=generator)
    x = x.where(torch.rand(width, generator=generator) < 0.4, 0.0)
    y = torch.arange(n + 400) % 10
    data = Data.from_tensors((x[:n], y[:n]), val=(x[n:], y[n:]), test=(x[n:], y[n:]))
    model = build_model("mlp", width, (300, 100), 10, generator=generator).eval()
    floor = steps * seconds(lambda: predict(model, data.train.x), 2)
    options = {"sparsities": [0.995], "substeps": steps, "spacing": "geometric"}
    took = seconds(lambda: prune(model, data, "nc", progress=False, **options))
    peer = "forward passes of training images"
    say(f"nc, compensate, {steps} rounds, {width}-300-100-10", took, floor, peer, "10 s")


SECTIONS: dict[str, Callable[[bool], None]] = {
    "rounds": rounds,
    "measuring": measuring,
    "path": path,
    "resnet18": resnet18,
    "wide": wide,
    "growth": growth,
    "perceptron": perceptron,
}


@click.command(help=__doc__.split("\n")[0])
@click.option("--full", is_flag=True, help="The published sizes; takes minutes.")
@click.option("--only", multiple=True, type=click.Choice(list(SECTIONS)), help="Some sections.")
@click.option("--threads", type=int, default=0, help="Threads of torch; 0 leaves its default.")
@click.option("--device", default="cpu", help="cpu, cuda or another of torch's.")
def main(full: bool, only: Sequence[str], threads: int, device: str) -> None:
    global DEVICE
    DEVICE = torch.device(device)
    if threads:
        torch.set_num_threads(threads)
    click.echo(f"{'-- work':<58}{'reached':>18}{'floor':>11}  {'which':<34}must be")
    for name in only or SECTIONS:
        SECTIONS[name](full)


if __name__ == "__main__":
    main()
