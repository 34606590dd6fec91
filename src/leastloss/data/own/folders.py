"""Folders of images, one folder for each class (torchvision's ``ImageFolder``)."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from leastloss.data.class_names import numbered_labels, plain_text
from leastloss.data.own.arrays import check_memory
from leastloss.data.published import Images, Labelled
from leastloss.errors import InputError, ResourceError, brief, choose

_PARTS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N")  # 16 bits a pixel, which Pillow would clip at 255
_GREY = ("1", "L", "LA", *_DEEP)
_UNSCALED = ("I", "F")  # numbers of which no one says what is white
# What Pillow raises for files that are damaged, no images, or larger than it opens.
_DAMAGED = (
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)


def read_folder(folder: Path, options: Mapping[str, str], size: int | None) -> Images:
    """Read ``folder/<class>/*.png``, or ``folder/{train,val,test}/<class>/*.png``.

    Images are of any format that Pillow opens, and resized to size x size pixels; if it is None,
    they have one size already. Of the options, ``colours`` is ``grey`` or ``rgb``; by default grey
    if all images are.

    Raises:
        InputError: If there is no class, or images are of several sizes and ``size`` is None.
        ResourceError: If an image is damaged, or they do not fit in memory.
    """
    colours = choose("colours", options.get("colours", "auto"), ("grey", "rgb", "auto"))
    files = {part: _files(place) for part, place in _places(folder).items()}
    headers = {path: _header(path) for entries in files.values() for path, _ in entries}
    shapes = {shape for shape, _ in headers.values()}
    if size is None and len(shapes) > 1:
        small, large = min(shapes), max(shapes)
        raise InputError(
            f"images of {folder.name} are of several sizes, {small[0]}x{small[1]} to "
            f"{large[0]}x{large[1]}; give a size, like size=32"
        )
    shape = (size, size) if size is not None else shapes.pop()
    for path, (_, mode) in headers.items():
        if mode in _UNSCALED:
            raise InputError(
                f"the image {plain_text(path.name)} holds numbers of 32 bits, and nothing says "
                "which is white; write 8 or 16 bits, or give arrays (.npz)"
            )
    every_grey = all(mode in _GREY for _, mode in headers.values())
    grey = colours == "grey" or (colours == "auto" and every_grey)
    mode, channels = ("L", 1) if grey else ("RGB", 3)
    check_memory(folder.name, 4 * channels * shape[0] * shape[1] * len(headers))
    labels, names, classes = numbered_labels(
        {part: np.array([label for _, label in entries]) for part, entries in files.items()}
    )
    parts: dict[str, Labelled] = {
        part: (_pixels([path for path, _ in entries], shape, mode), labels[part])
        for part, entries in files.items()
    }
    return Images(
        train=parts["train"],
        val=parts.get("val"),
        test=parts.get("test"),
        classes=classes,
        class_names=names,
        source=f"{len(headers):,} images, {'grey' if grey else 'RGB'}, {shape[0]}x{shape[1]}",
    )


def _places(folder: Path) -> dict[str, Path]:
    """Split -> its folder; the folder itself is all of it where it has no ``train``."""
    places = {
        part: folder / name
        for part, names in _PARTS.items()
        for name in names
        if (folder / name).is_dir()
    }
    if "train" in places and any(entry.is_dir() for entry in places["train"].iterdir()):
        return {part: places[part] for part in _PARTS if part in places}
    return {"train": folder}


def _files(folder: Path) -> list[tuple[Path, str]]:
    """The images below a folder with their classes, in the order of their names."""
    from torchvision.datasets import ImageFolder

    try:
        dataset = ImageFolder(str(folder))
    except (FileNotFoundError, OSError) as error:
        raise InputError(
            f"{folder.name} is no folder of images by class (folder/class/image.png): "
            f"{brief(error)}"
        ) from None
    return [(Path(path), dataset.classes[number]) for path, number in dataset.samples]


def _header(path: Path) -> tuple[tuple[int, int], str]:
    """Height and width, and Pillow's mode; no pixel is unpacked."""
    with _open(path) as image:
        return (image.height, image.width), image.mode


def _pixels(paths: list[Path], shape: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    channels = 1 if mode == "L" else 3
    pixels = np.empty((len(paths), channels, *shape), np.uint8)
    for place, path in enumerate(paths):
        with _open(path) as image:
            try:
                plain = _of_eight_bits(image).convert(mode)
                if (plain.height, plain.width) != shape:
                    plain = plain.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
            except _DAMAGED as error:
                raise _damaged(path, error) from None
            pixels[place] = np.asarray(plain).reshape(*shape, channels).transpose(2, 0, 1)
    return pixels


def _of_eight_bits(image: Image.Image) -> Image.Image:
    """The image with 256 shades: 16 bits are scaled, where Pillow would clip them."""
    if image.mode not in _DEEP:
        return image
    return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(path)
    except _DAMAGED as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> ResourceError:
    return ResourceError(
        f"the image {plain_text(path.parent.name)}/{plain_text(path.name)} cannot be read: "
        f"{brief(error)}"
    )
