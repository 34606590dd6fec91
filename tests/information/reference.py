"""Slow, obvious versions of what the package computes, written from the definitions alone."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from math import log2
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from leastloss.information import ENCODINGS, ctm_table, encode, removal_cost

Matrix = NDArray[np.uint8]
Symbol = tuple[int, tuple[int, ...]]


def _square(part: Matrix) -> Symbol:
    return len(part), tuple(int(bit) for bit in part.ravel())


def _recursive(part: Matrix, side: int) -> list[Symbol]:
    found = []
    for i in range(0, part.shape[0], side):
        for j in range(0, part.shape[1], side):
            piece = part[i : i + side, j : j + side]
            if piece.shape == (side, side):
                found.append(_square(piece))
            elif min(piece.shape) >= 2:
                found += _recursive(piece, min(piece.shape))
    return found


def block_list(matrix: Matrix, block: int, boundary: str) -> list[Symbol]:
    """All blocks of a matrix, each with its side and its bits."""
    if boundary == "recursive":
        return _recursive(matrix, block)
    rows, cols = matrix.shape
    if boundary == "periodic":
        matrix = np.pad(matrix, ((0, -rows % block), (0, -cols % block)), mode="wrap")
    step = 1 if boundary == "overlapping" else block
    return [
        _square(matrix[i : i + block, j : j + block])
        for i in range(0, matrix.shape[0] - block + 1, step)
        for j in range(0, matrix.shape[1] - block + 1, step)
    ]


def complexity(
    matrices: Sequence[Matrix], name: str, block: int, boundary: str, pools: Sequence[int]
) -> float:
    """Complexity in bits, from the definition, summed over the pools."""
    total = 0.0
    for pool in set(pools):
        counts: Counter[Symbol] = Counter()
        for matrix, label in zip(matrices, pools, strict=True):
            if label == pool:
                counts.update(block_list(matrix, block, boundary))
        size = sum(counts.values())
        for (side, bits), copies in counts.items():
            if name == "bdm":
                code = sum(bit << position for position, bit in enumerate(bits))
                total += float(ctm_table(side)[code]) + log2(copies)
            else:
                total -= copies / size * log2(copies / size)
    return total


def cleared(matrices: Sequence[Matrix], cells: Sequence[int]) -> list[Matrix]:
    """Copies of the matrices with some cells, numbered over all of them, set to 0."""
    flat = np.concatenate([matrix.ravel() for matrix in matrices])
    flat[list(cells)] = 0
    ends = np.cumsum([matrix.size for matrix in matrices])[:-1]
    parts = np.split(flat, ends)
    return [part.reshape(m.shape) for part, m in zip(parts, matrices, strict=True)]


def complexities(
    matrices: Sequence[Matrix],
    sets: Sequence[Sequence[int]],
    name: str,
    block: int,
    boundary: str,
    pooled: Sequence[int],
) -> NDArray[np.float64]:
    """What ``complexity`` says of the matrices with the cells of each set cleared, all at once."""
    flat = np.concatenate([matrix.ravel() for matrix in matrices]).astype(np.int64)
    copies = np.tile(flat, (len(sets), 1))
    for copy, cells in zip(copies, sets, strict=True):
        copy[list(cells)] = 0
    blocks, sizes, end = defaultdict(list), Counter[int](), 0
    for matrix, pool in zip(matrices, pooled, strict=True):
        numbers = np.arange(end, end + matrix.size).reshape(matrix.shape)
        for side, numbered in block_list(numbers, block, boundary):
            blocks[pool, side].append(numbered)
            sizes[pool] += 1
        end += matrix.size
    total = np.zeros(len(sets))
    rows = np.arange(len(sets))[:, None] << block * block
    for (pool, side), numbered in blocks.items():
        codes = copies[:, numbered] @ (1 << np.arange(side * side))
        found, counts = np.unique(rows + codes, return_counts=True)
        row, code = found >> block * block, found % (1 << block * block)
        if name == "bdm":
            bits = ctm_table(side)[code] + np.log2(counts)
        else:
            bits = -counts / sizes[pool] * np.log2(counts / sizes[pool])
        total += np.bincount(row, weights=bits, minlength=len(sets))
    return total


def check_greedy(
    sets: Sequence[Sequence[int]],
    order: Sequence[int],
    strategy: str,
    values: Callable[[Sequence[Sequence[int]]], NDArray[np.float64]],
    unit: float,
) -> None:
    """Fail unless every entry of ``order`` has the lowest cost when everything is recomputed.

    ``values`` gives the complexities after clearing some cells; costs may differ by rounding only.
    """
    gone: list[int] = []
    left = list(range(len(sets)))
    for choice in order:
        before, *after = values([gone, *([*gone, *sets[i]] for i in left)])
        losses = [(before - value) * unit for value in after]
        costs = dict(zip(left, removal_cost(losses, strategy), strict=True))
        assert costs[choice] <= min(costs.values()) + 64, (choice, costs)
        gone += sets[choice]
        left.remove(choice)


def examples(number: int) -> settings:
    """So many generated cases; as many as LEASTLOSS_EXAMPLES says if that is more."""
    most = max(number, int(os.environ.get("LEASTLOSS_EXAMPLES", "0")))
    return settings(max_examples=most, deadline=None)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Matrix], dict[str, Any]]:
    """Some binary matrices, or planes of ternary ones, with leftovers; how to cut and pool them."""
    block = draw(st.sampled_from([2, 3, 4]))
    boundary = draw(st.sampled_from(["ignore", "recursive", "periodic", "overlapping"]))
    least = {"periodic": 1, "recursive": 2}.get(boundary, block)
    side = st.integers(least, 10)
    shapes = draw(st.lists(st.tuples(side, side), min_size=1, max_size=3))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0.1, 0.5, 0.9]))
    encoding = draw(st.sampled_from([*ENCODINGS, None]))
    matrices = []
    for shape in shapes:
        kept = (generator.random(shape) < density).astype(np.int8)
        signs = generator.choice(np.array([-1, 1], np.int8), shape)
        matrices += [kept.view(np.uint8)] if encoding is None else encode(kept * signs, encoding)
    pooled = draw(st.lists(st.integers(0, 1), min_size=len(matrices), max_size=len(matrices)))
    return matrices, {"block": block, "boundary": boundary, "pooled": pooled}
