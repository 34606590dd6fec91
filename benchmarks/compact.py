"""What pruning buys at run time: dense networks against compacted ones, timed in turn, one thread.

For each network: hidden units pruned (the same share of every layer), and as many scattered weights
pruned instead. ``on paper`` is the ratio of multiply-adds; the other ratios are measured, batch 1
for the latency and batch 256 for the throughput. Networks are not trained: speed does not depend
on the weights' values.

    python benchmarks/compact.py
    python benchmarks/compact.py --share 0.5
"""

import click
import numpy as np
import torch
from torch import nn

import leastloss as ll
from leastloss.evaluation import gains, network_cost, speed
from leastloss.models import Masks
from leastloss.pruning import Parts
from leastloss.seeds import stream

SHAPE = (1, 28, 28)


def networks() -> dict[str, nn.Module]:
    """The networks by name."""
    return {
        "MLP 784-300-100-10": ll.MLP(784, (300, 100), 10),
        "binary MLP 784-256-256-256-10": ll.BinarizedMLP(784, (256, 256, 256), 10),
        "ConvNet 8-16-16-32-32-64": ll.ConvNet(SHAPE, (8, 16, 16, 32, 32, 64), 10),
    }


def pruned(model: nn.Module, granularity: str, share: float) -> Masks:
    """Masks without a share of the parts of every layer, drawn at random."""
    parts = Parts.of(model, granularity)
    layer, generator = parts.layer_of, stream(0, "benchmark")
    gone = []
    for number in range(len(parts.sizes)):
        own = generator.permutation(np.flatnonzero(layer == number))
        gone.append(own[: round(share * len(own))])
    return parts.masks(np.concatenate(gone))


@click.command(help=__doc__)
@click.option("--share", default=0.85, show_default=True, help="Share of the units (weights).")
@click.option("--seconds", default=2.0, show_default=True, help="For each measurement.")
def main(share: float, seconds: float) -> None:
    x = torch.rand(256, *SHAPE)
    for name, model in networks().items():
        model.eval()
        print(f"{name}, {100 * share:g} % pruned")
        dense = network_cost(model, {}, x)
        for granularity in ("unit", "weight"):
            masks = pruned(model, granularity, share)
            paper = gains(dense, network_cost(model, masks, x))
            found = speed(model, ll.compact(model, masks), x, seconds=seconds)
            for device in ("", "gpu_") if torch.cuda.is_available() else ("",):
                before, after = found[f"{device}dense_latency_ms"], found[f"{device}latency_ms"]
                slow, fast = found[f"{device}dense_throughput"], found[f"{device}throughput"]
                print(
                    f"  {granularity + 's':8} {'GPU' if device else 'CPU'}:"
                    f" latency {before:.3f} -> {after:.3f} ms ({before / after:.2f}x),"
                    f" throughput {slow:,.0f} -> {fast:,.0f}/s ({fast / slow:.2f}x),"
                    f" on paper {paper['theoretical_speedup']:.1f}x,"
                    f" storage 1/{paper['compression_ratio']:.1f}"
                )


if __name__ == "__main__":
    main()
