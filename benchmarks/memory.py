"""Peak memory of large paths, each in a process of its own, against what it must stay under.

python benchmarks/memory.py                  # both
python benchmarks/memory.py --only magnitude # 10 million weights, 50 steps
python benchmarks/memory.py --only nc        # a layer 2,048 wide
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import click
import torch

from leastloss.data import Data
from leastloss.models import MLP
from leastloss.pruning import prune

CODE = "import sys; from benchmarks.memory import measured; measured(*sys.argv[1:])"
GB = 1e9 / 1024  # in KiB, as getrusage counts
SAMPLES, FEATURES, CLASSES = 300, 784, 10
PATHS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "magnitude": ((3000, 2550), 50, 2),
    "nc": ((2048, 2048), 2, 4),
}
"""Criterion -> widths of the hidden layers, steps, and the GB that it may take."""


def measured(criterion: str, widths: str, steps: str) -> None:
    """Prune in this process; prints its seconds, peak and what its imports took."""
    imports = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(SAMPLES, FEATURES, generator=generator)
    data = Data.from_tensors((x, torch.arange(SAMPLES) % CLASSES), classes=CLASSES)
    hidden = tuple(int(width) for width in widths.split(","))
    model = MLP(FEATURES, hidden, CLASSES, generator=generator)
    begin = time.perf_counter()
    path = prune(model, data, criterion, steps=int(steps), recovery="none", progress=False)
    result = {
        "weights": sum(weight.numel() for weight in model.parameters()),
        "seconds": round(time.perf_counter() - begin),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "imports": imports,
        "sparsity": float(path.table()["sparsity"].iloc[-1]),
    }
    print(json.dumps(result))


def result_of(criterion: str, widths: tuple[int, ...], steps: int) -> dict[str, float]:
    """Measure in a process of its own."""
    root = str(Path(__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, *sys.path])}
    words = [criterion, ",".join(map(str, widths)), str(steps)]
    call = [sys.executable, "-c", CODE, *words]
    done = subprocess.run(call, capture_output=True, text=True, env=environment, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


@click.command()
@click.option("--only", type=click.Choice([*PATHS]), multiple=True, help="Paths; all if none.")
def main(only: tuple[str, ...]) -> None:
    over = []
    for criterion in only or PATHS:
        widths, steps, most = PATHS[criterion]
        result = result_of(criterion, widths, steps)
        peak, imports = (f"{result[key] / GB:.2f}" for key in ("peak", "imports"))
        print(
            f"{criterion}, {result['weights'] / 1e6:.1f} million weights, {steps} steps: peak "
            f"{peak} GB of at most {most} (imports {imports}), {result['seconds']:.0f} s",
            flush=True,
        )
        over += [criterion] if result["peak"] > most * GB else []
    if over:
        raise click.ClickException(f"over the limit: {', '.join(over)}")


if __name__ == "__main__":
    main()
