"""One training epoch fed from tensors in memory, against a DataLoader with per-item transforms.

Both sides train the same binary network with the same step (Adam, clipped latent weights) on the
same number of MNIST images, in batches of the same size. Timed is the wall time of one whole epoch:
shuffling, making the batches, forward, backward, update. "Feeding alone" walks through the same
batches without a network. Reading the files is not timed for the peer; for ours it is shown in its
own line, because that is where the work per image is done, once. Both sides share the network's
arithmetic, so the ratio of whole epochs falls as the network grows.

    python benchmarks/data_loading.py --data-dir data
"""

import statistics
import time
from collections.abc import Callable, Iterable

import click
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from leastloss.data import load_data
from leastloss.epochs import batches
from leastloss.models import BinarizedMLP, BinaryLinear
from leastloss.seeds import torch_stream

Feed = Callable[[], Iterable[list[Tensor]]]


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def walk(feed: Feed) -> None:
    for _ in feed():
        pass


def trainer(feed: Feed, hidden: tuple[int, ...]) -> Callable[[], None]:
    model = BinarizedMLP(784, hidden, 10, generator=torch_stream(0, "weights"))
    binary = [layer for layer in model.modules() if isinstance(layer, BinaryLinear)]
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def epoch() -> None:
        model.train()
        for x, y in feed():
            optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            for layer in binary:
                layer.clip_()

    return epoch


@click.command(help=__doc__)
@click.option(
    "--data-dir",
    default="data",
    envvar="LEASTLOSS_DATA",
    show_default=True,
    show_envvar=True,
    help="folder with MNIST/raw",
)
@click.option("--batch-size", default=128, show_default=True)
@click.option(
    "--hidden",
    multiple=True,
    default=("32,32", "256,256", "256,256,256"),
    show_default=True,
    help="hidden layers of the network; may be repeated",
)
@click.option("--repeats", default=3, show_default=True, help="epochs of each; the median counts")
@click.option("--workers", default=2, show_default=True, help="of the peer's second line")
def main(
    data_dir: str, batch_size: int, hidden: tuple[str, ...], repeats: int, workers: int
) -> None:
    start = time.perf_counter()
    train = load_data("mnist", data_dir=data_dir).train
    loading = time.perf_counter() - start

    generator = torch_stream(0, "batches")
    per_item = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)])
    # The peer cannot read compressed files: torchvision extracts them once, outside the timing.
    published = Subset(
        datasets.MNIST(data_dir, transform=per_item, download=True), range(len(train))
    )

    def peer(number: int) -> Feed:
        return lambda: DataLoader(published, batch_size, shuffle=True, num_workers=number)

    feeds: dict[str, Feed] = {
        "tensors in memory": lambda: batches(train, batch_size, generator),
        "DataLoader, 0 workers": peer(0),
        f"DataLoader, {workers} workers": peer(workers),
    }
    click.echo(
        f"MNIST, {len(train)} images, batches of {batch_size}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, median of {repeats}; reading and splitting: {loading:.2f} s"
    )
    feeding = {
        name: statistics.median(seconds(lambda feed=feed: walk(feed)) for _ in range(repeats))
        for name, feed in feeds.items()
    }
    for name, alone in feeding.items():
        ratio = alone / feeding["tensors in memory"]
        click.echo(f"feeding alone, {name:24}{alone:8.3f} s{ratio:8.1f}x")
    for widths in hidden:
        click.echo(f"epoch of the binary MLP 784-{widths.replace(',', '-')}-10")
        ours = 0.0
        for name, feed in feeds.items():
            epoch = trainer(feed, tuple(int(width) for width in widths.split(",")))
            epoch()  # the first one also pays for torch's own warm-up
            whole = statistics.median(seconds(epoch) for _ in range(repeats))
            ours = ours or whole
            click.echo(f"  {name:37}{whole:8.3f} s{whole / ours:8.1f}x")


if __name__ == "__main__":
    main()
