"""What pruning buys at run time: dense networks against compacted ones, timed in turn, one thread.

For each network: hidden units pruned (the same share of every layer), and as many scattered weights
pruned instead. ``on paper`` is the ratio of multiply-adds; the other ratios are measured, batch 1
for the latency and batch 256 for the throughput. Networks are not trained: speed does not depend
on the weights' values. In ``resnet20`` the channels inside blocks are units, in the other residual
networks also those that blocks share.

    python benchmarks/compact.py
    python benchmarks/compact.py --share 0.5
    python benchmarks/compact.py --share 0.3 --share 0.5 --share 0.7 --only resnet --batch 64
"""

from collections.abc import Callable, Sequence
from itertools import product

import click
import numpy as np
import torch
from torch import Tensor, nn

import leastloss as ll
from leastloss.evaluation import gains, network_cost, speed
from leastloss.models import Masks, build_model
from leastloss.pruning import Parts
from leastloss.seeds import stream

SHAPE = (1, 28, 28)


def networks() -> dict[str, Callable[[], nn.Module]]:
    """The networks by name."""
    return {
        "MLP 784-300-100-10": lambda: ll.MLP(784, (300, 100), 10),
        "binary MLP 784-256-256-256-10": lambda: ll.BinarizedMLP(784, (256, 256, 256), 10),
        "ConvNet 8-16-16-32-32-64": lambda: ll.ConvNet(SHAPE, (8, 16, 16, 32, 32, 64), 10),
        "resnet20, 32 x 32": lambda: build_model("resnet20", (3, 32, 32), (), 10),
        "resnet20-b, 32 x 32": lambda: build_model("resnet20-b", (3, 32, 32), (), 10),
        "resnet18, 64 x 64": lambda: build_model("resnet18", (3, 64, 64), (), 10),
    }


def pruned(model: nn.Module, granularity: str, share: float, x: Tensor) -> Masks:
    """Masks without a share of the parts of every layer, drawn at random."""
    parts = Parts.of(model, granularity, None, x[:2])
    layer, generator = parts.layer_of, stream(0, "benchmark")
    gone = []
    for number in range(len(parts.sizes)):
        own = generator.permutation(np.flatnonzero(layer == number))
        gone.append(own[: round(share * len(own))])
    return parts.masks(np.concatenate(gone))


@click.command(help=__doc__)
@click.option("--share", "shares", multiple=True, default=[0.85], help="Of the units (weights).")
@click.option("--seconds", default=2.0, show_default=True, help="For each measurement.")
@click.option("--only", default="", help="Networks whose names begin so.")
@click.option("--batch", default=256, show_default=True, help="Samples in a pass for throughput.")
def main(shares: Sequence[float], seconds: float, only: str, batch: int) -> None:
    for name, build in networks().items():
        if not name.startswith(only):
            continue
        model = build().eval()
        x = torch.rand(batch, *getattr(model, "shape", SHAPE))
        dense = network_cost(model, {}, x)
        for share, granularity in product(shares, ("unit", "weight")):
            masks = pruned(model, granularity, share, x)
            paper = gains(dense, network_cost(model, masks, x))
            small = ll.compact(model, masks)
            times = speed(model, small, x, batch=batch, seconds=seconds)
            left = sum(values.numel() for values in small.parameters())
            print(f"{name}, {100 * share:g} % of the {granularity}s pruned: {left:,} parameters")
            for device in ("", "gpu_") if torch.cuda.is_available() else ("",):
                before, after = times[f"{device}dense_latency_ms"], times[f"{device}latency_ms"]
                slow, fast = times[f"{device}dense_throughput"], times[f"{device}throughput"]
                print(
                    f"  {'GPU' if device else 'CPU'}:"
                    f" latency {before:.3f} -> {after:.3f} ms ({before / after:.2f}x),"
                    f" throughput {slow:,.0f} -> {fast:,.0f}/s ({fast / slow:.2f}x),"
                    f" on paper {paper['theoretical_speedup']:.1f}x,"
                    f" storage 1/{paper['compression_ratio']:.1f}"
                )


if __name__ == "__main__":
    main()
