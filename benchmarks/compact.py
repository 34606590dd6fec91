"""What pruning buys at run time, each form of a network in turn, one thread.

For each network the same share of the hidden units of every layer is drawn and pruned, and, beside
it, as many scattered weights. Forms: ``dense``; ``zeros in place``, as masks leave it; ``units
taken out``, by ``ll.compact``; ``on bits``, for binary networks, by ``ll.bit_packed``. Each is run
by PyTorch and by ONNX Runtime. ``on paper`` is the ratio of multiply-adds. Networks are not
trained: speed does not depend on the weights' values. In ``resnet20`` the channels inside blocks
are units, in the other residual networks also those that blocks share.

    python benchmarks/compact.py
    python benchmarks/compact.py --share 0.5
    python benchmarks/compact.py --share 0.3 --share 0.5 --share 0.7 --only resnet --batch 64
"""

import copy
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import product

import click
import numpy as np
import torch
from torch import Tensor, nn

import leastloss as ll
from leastloss.deploy import (
    COMPACTED,
    DENSE,
    MASKED,
    ON_BITS,
    onnx_bytes,
    program_of,
    session_of,
    speed_table,
)
from leastloss.errors import InputError
from leastloss.evaluation import gains, network_cost
from leastloss.models import Masks, build_model
from leastloss.pruning import Parts, apply_masks
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
            forms = forms_of(model, masks)
            left = sum(values.numel() for values in list(forms.values())[2].parameters())
            print(
                f"{name}, {100 * share:g} % of the {granularity}s pruned: {left:,} parameters, on "
                f"paper {paper['theoretical_speedup']:.1f}x, storage "
                f"1/{paper['compression_ratio']:.1f}"
            )
            sessions = {
                form: session_of(onnx_bytes(program_of(network, x[:2])))
                for form, network in forms.items()
                if form != ON_BITS
            }
            rows = speed_table(forms, sessions, x, seconds=seconds, batch=batch)
            for row in rows:
                print(
                    f"  {row.form:16s} {row.program:12s} {row.latency_ms:8.3f} ms"
                    f" {row.throughput:12,.0f}/s ({row.throughput / rows[0].throughput:.2f}x)"
                )


def forms_of(model: nn.Module, masks: Masks) -> dict[str, nn.Module]:
    """A network dense, with zeros, without its units, and on bits where it is binary."""
    masked = copy.deepcopy(model)
    apply_masks(masked, masks)
    forms = {DENSE: model, MASKED: masked, COMPACTED: ll.compact(model, masks)}
    with suppress(InputError):
        forms[ON_BITS] = ll.bit_packed(forms[COMPACTED])
    return forms


if __name__ == "__main__":
    main()
