"""Robustness: dense and pruned networks under every corruption, each against a named peer.

The peers are what the corruptions of the literature are made of, image by image: NumPy, SciPy,
Pillow and Matplotlib. They run on a sample of the images, and their time is scaled up to all.

    python benchmarks/robustness.py --data-dir data             # all of it
    python benchmarks/robustness.py --data-dir data --threads 1
"""

import math
import time
from collections.abc import Callable

import click
import numpy as np
import torch
from matplotlib.colors import hsv_to_rgb, rgb_to_hsv
from PIL import Image
from scipy import ndimage

import leastloss as ll
from leastloss.data import CORRUPTIONS, corrupt
from leastloss.evaluation import noise_summary, robustness_of
from leastloss.seeds import torch_stream

TARGET = 90.0
SAMPLE = 500
BOX = Image.Resampling.BOX
RNG = np.random.default_rng(0)

Array = np.ndarray


def impulse(x: Array, amount: float) -> Array:
    u = RNG.random(x.shape)
    return np.where(u < amount / 2, 0, np.where(u >= 1 - amount / 2, 1, x))


def motion_blur(x: Array, parameter: tuple[float, float]) -> Array:
    """A sum of moved copies, point by point of the line."""
    radius, sigma = parameter
    steps = np.arange(2 * math.ceil(radius) + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    angle = math.radians(RNG.uniform(-45, 45))
    rows, columns = x.shape
    right = np.ceil(steps * math.cos(angle) - 0.5).astype(int).clip(max=columns - 1)
    down = np.ceil(steps * math.sin(angle) - 0.5).astype(int).clip(1 - rows, rows - 1)
    wide = np.pad(x, ((rows, rows), (0, columns)), mode="edge")
    total = np.zeros_like(x)
    for weight, dx, dy in zip(weights / weights.sum(), right, down, strict=True):
        total += weight * wide[rows + dy : 2 * rows + dy, dx : columns + dx]
    return total


def brightness(x: Array, amount: float) -> Array:
    hsv = rgb_to_hsv(np.repeat(x[..., None], 3, axis=2))
    hsv[..., 2] = np.clip(hsv[..., 2] + amount, 0, 1)
    return hsv_to_rgb(hsv).mean(axis=2)


def pixelate(x: Array, share: float) -> Array:
    small = (int(x.shape[1] * share), int(x.shape[0] * share))
    return np.asarray(Image.fromarray(x).resize(small, BOX).resize(x.shape[::-1], BOX))


def rotation(x: Array, angle: float) -> Array:
    signed = angle * RNG.choice([-1, 1])
    cos, sin = math.cos(signed), math.sin(signed)
    back, centre = np.array([[cos, sin], [-sin, cos]]), (np.array(x.shape) - 1) / 2
    return ndimage.affine_transform(x, back, centre - back @ centre, order=1)


def occlusion(x: Array, share: float) -> Array:
    side = math.floor(share * len(x) + 0.5)
    top, left = RNG.integers(0, len(x) - side + 1, 2)
    hidden = x.copy()
    hidden[top : top + side, left : left + side] = 0
    return hidden


PEERS: dict[str, tuple[str, Callable[..., Array]]] = {
    "gaussian": ("NumPy", lambda x, c: x + RNG.normal(size=x.shape, scale=c)),
    "shot": ("NumPy", lambda x, c: RNG.poisson(x * c) / c),
    "impulse": ("NumPy", impulse),
    "speckle": ("NumPy", lambda x, c: x + x * RNG.normal(size=x.shape, scale=c)),
    "gaussian-blur": ("SciPy", lambda x, c: ndimage.gaussian_filter(x, c, mode="nearest")),
    "motion-blur": ("NumPy", motion_blur),
    "brightness": ("Matplotlib", brightness),
    "contrast": ("NumPy", lambda x, c: (x - x.mean()) * c + x.mean()),
    "pixelate": ("Pillow", pixelate),
    "rotation": ("SciPy", rotation),
    "translation": ("SciPy", lambda x, c: ndimage.shift(x, RNG.choice([-c, c], 2), order=1)),
    "occlusion": ("NumPy", occlusion),
}


def own_seconds(x: torch.Tensor, name: str) -> float:
    start = time.perf_counter()
    for severity in range(1, 6):
        corrupt(x, name, severity, torch_stream(0, name))
    return time.perf_counter() - start


def peer_seconds(x: torch.Tensor, name: str) -> float:
    images = x[:: max(1, len(x) // SAMPLE), 0].numpy()
    peer = PEERS[name][1]
    start = time.perf_counter()
    for parameter in CORRUPTIONS[name].severities:
        for image in images:
            np.clip(peer(image, parameter), 0, 1)
    return (time.perf_counter() - start) * len(x) / len(images)


def matrix(data: ll.Data) -> None:
    """All networks under all corruptions, metrics and summary included."""
    models: dict[str, torch.nn.Module] = {}
    for i in range(6):
        models["dense" if i == 0 else f"pruned {i}"] = ll.BinarizedMLP(
            784, (256, 256), 10, generator=torch.Generator().manual_seed(i)
        )
    start, cpu = time.perf_counter(), time.process_time()
    table = robustness_of(models, data.test, reference="dense")
    noise_summary(table)
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    click.echo(f"{len(models)} binary networks 784-256-256-10 x 12 corruptions x 5 severities:")
    click.echo(f"  {wall:.1f} s (target: {TARGET:.0f}), {used:.1f} s of CPU, {len(table)} rows")


@click.command(help=__doc__)
@click.option("--data-dir", default="", help="Folder of the image files.")
@click.option("--threads", default=2, show_default=True, help="Threads of torch.")
@click.option("--rounds", default=3, show_default=True, help="Repetitions; the best counts.")
def main(data_dir: str, threads: int, rounds: int) -> None:
    torch.set_num_threads(threads)
    data = ll.load_data("mnist", imbalance="exp", ratio=100, seed=0, data_dir=data_dir or None)
    x = data.test.x
    click.echo(f"{len(x):,} images of {tuple(x.shape[1:])}, five severities, {threads} threads")
    for name in CORRUPTIONS:
        own = min(own_seconds(x, name) for _ in range(rounds))
        peer = min(peer_seconds(x, name) for _ in range(rounds))
        click.echo(
            f"  {name:<14}{own:7.2f} s   {PEERS[name][0]}, image by image {peer:7.2f} s   "
            f"{peer / own:6.1f} x"
        )
    matrix(data)


if __name__ == "__main__":
    main()
