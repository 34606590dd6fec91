"""Losses of cells: the fast path for blocks on the grid, and what the rest of the cells need.

Blocks whose cells lie in no other block are read row by row and known by their codes alone; no
list of positions is made. What such a cell is worth depends on the code and the bit, so that two
tables with one entry per symbol, of the last copy's share and of one more copy's, give every loss.
"""

import numpy as np

from leastloss._compile import compiled, inlined
from leastloss.information.engine.array_types import Array, Int, Real, Windows
from leastloss.information.engine.kernels import cell_at


@inlined
def _codes(matrix: Array, block: Int, top: Int, left: Int, high: Int, wide: Int) -> Array:
    codes = np.empty(high * wide, np.uint16)
    column = np.empty(wide * block, np.uint16)
    for r in range(high):
        row = (top + r) * block
        # Down the columns first: neighbours in memory, many at once.
        for c in range(wide * block):
            bits = np.uint16(0)
            for i in range(block):
                bits |= np.uint16(matrix[row + i, left * block + c]) << np.uint16(i * block)
            column[c] = bits
        for w in range(wide):
            bits = np.uint16(0)
            for j in range(block):
                bits |= column[w * block + j] << np.uint16(j)
            codes[r * wide + w] = bits
    return codes


@compiled
def read_codes(matrix: Array, block: Int, top: Int, left: Int, high: Int, wide: Int) -> Array:
    """Codes of a rectangle of blocks, its position and size in blocks, row by row."""
    # The compiler unrolls the loops over a block whose side it knows.
    if block == 4:
        return _codes(matrix, 4, top, left, high, wide)
    if block == 3:
        return _codes(matrix, 3, top, left, high, wide)
    return _codes(matrix, 2, top, left, high, wide)


@compiled
def count_codes(codes: Array, counts: Array) -> None:
    """Add blocks to the counts of their codes."""
    for code in codes:
        counts[code] += 1


@compiled
def present_symbols(counts: Array) -> Array:
    """Symbols that occur at all, in ascending order."""
    present = 0
    for copies in counts:
        present += copies > 0
    symbols = np.empty(present, np.int64)
    end = 0
    for symbol in range(counts.size):
        if counts[symbol] > 0:
            symbols[end] = symbol
            end += 1
    return symbols


@compiled
def step_tables(
    first: Array, inc: Array, scale: Array, counts: Array, unit: Real
) -> tuple[Array, Array]:
    """What the last copy of every symbol adds to the complexity, and what one more would add."""
    size = first.size
    down = np.empty(counts.size)
    up = np.empty(counts.size)
    for pool in range(scale.size):
        factor = scale[pool] / unit
        for code in range(size):
            symbol = pool * size + code
            copies = counts[symbol]
            if copies > 0:
                down[symbol] = (inc[copies - 1] if copies > 1 else first[code]) * factor
                up[symbol] = inc[copies] * factor
            else:
                down[symbol] = 0.0
                up[symbol] = first[code] * factor
    return down, up


@inlined
def _losses(
    codes: Array,
    down: Array,
    up: Array,
    block: Int,
    top: Int,
    left: Int,
    high: Int,
    wide: Int,
    out: Array,
) -> None:
    for r in range(high):
        for w in range(wide):
            code = np.int64(codes[r * wide + w])
            last = down[code]
            for i in range(block):
                for j in range(block):
                    flag = 1 << (i * block + j)
                    value = last - up[code & ~flag]  # read in any case: no branch to mispredict
                    value = value if code & flag else np.nan
                    out[(top + r) * block + i, (left + w) * block + j] = value


@compiled
def grid_losses(
    codes: Array,
    down: Array,
    up: Array,
    block: Int,
    top: Int,
    left: Int,
    high: Int,
    wide: Int,
    out: Array,
) -> None:
    """Loss of every one, and NaN for every zero, of a rectangle of blocks."""
    if block == 4:
        _losses(codes, down, up, 4, top, left, high, wide, out)
    elif block == 3:
        _losses(codes, down, up, 3, top, left, high, wide, out)
    else:
        _losses(codes, down, up, 2, top, left, high, wide, out)


@compiled
def find_shared(windows: Windows, flat: Array, count: Array) -> tuple[Array, Array, Array, Array]:
    """The ones that occur more than once in the blocks, and where (CSR).

    ``count`` holds how often each cell occurs; it is used up.
    """
    matrix, row, col, side, base, rows, cols = windows
    shared, places = 0, 0
    for cell in range(flat.size):
        if flat[cell] and count[cell] > 1:
            shared += 1
            places += count[cell]
    cells = np.empty(shared, np.int64)
    start = np.zeros(shared + 1, np.int64)
    number: Int = 0
    for cell in range(flat.size):
        if flat[cell] and count[cell] > 1:
            cells[number] = cell
            start[number + 1] = start[number] + count[cell]
            count[cell] = number
            number += 1
        else:
            count[cell] = -1
    end = start[:-1].copy()
    block = np.empty(places, np.int32)
    place = np.empty(places, np.uint8)
    for w in range(row.size):
        for i in range(side[w]):
            for j in range(side[w]):
                number = count[cell_at(matrix, row, col, base, rows, cols, w, i, j)]
                if number >= 0:
                    block[end[number]] = w
                    place[end[number]] = i * side[w] + j
                    end[number] += 1
    return cells, start, block, place
