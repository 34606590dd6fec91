"""Small data of a stranger's own: an archive, a table, a folder of images."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

ROWS = [("30", "cook", "no"), ("41", "smith", "yes"), ("52", "cook", "no"), ("28", "maid", "no")]


def write_table(path: Path, *, copies: int = 10, header: str = "age;job;left") -> Path:
    """A table with numbers, texts and the label last; a fourth of its rows say yes."""
    lines = [header] if header else []
    for copy in range(copies):
        lines += [";".join([str(int(age) + copy), job, left]) for age, job, left in ROWS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_folder(
    root: Path, counts: dict[str, int], *, size: tuple[int, int] = (8, 8), mode: str = "RGB"
) -> Path:
    """A folder of images, some of each class."""
    generator = np.random.default_rng(0)
    for place, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = generator.integers(60 * place, 60 * place + 60, (*size, 3), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(root / name / f"{number}.png")
    return root


def write_archive(path: Path, classes: int = 3, n: int = 60, **arrays: np.ndarray) -> Path:
    """Vectors and labels, all classes alike, and further arrays."""
    y = np.arange(n) % classes
    x = np.random.default_rng(0).normal(size=(n, 6)) + y[:, None]
    np.savez(path, x=x, y=y, **arrays)
    return path


def write_npy_entry(path: Path, header: str, content: bytes) -> Path:
    """An archive whose array ``x`` has a header of one's choice."""
    padded = header.encode().ljust(117) + b"\n"
    entry = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + content
    plain = io.BytesIO()
    np.save(plain, np.arange(4))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", entry)
        archive.writestr("y.npy", plain.getvalue())
    return path
