"""The compiled loops of this package.

Words used here. A *symbol* is a block's code plus an offset for its size and its pool. ``terms``
describes a complexity of the form C = constant + sum over symbols of F(copies): adding a copy of
a symbol when k are present changes C by ``first[symbol]`` (k = 0) or ``inc[k]`` (k > 0), times the
``scale`` of its pool. An *item* is a set of cells that is cleared at once, given as the blocks it
touches and the bits it clears there.
"""

import numpy as np

from leastloss._compile import compiled, inlined
from leastloss.information.engine.array_types import Array, Int, Items, Real, Terms, Windows


@inlined
def cell_at(
    matrix: Array,
    row: Array,
    col: Array,
    base: Array,
    rows: Array,
    cols: Array,
    w: Int,
    i: Int,
    j: Int,
) -> Int:
    """Number of the cell in row i and column j of a block, wrapped around where needed."""
    m = matrix[w]
    r = np.int64(row[w]) + i
    while r >= rows[m]:
        r -= rows[m]
    c = np.int64(col[w]) + j
    while c >= cols[m]:
        c -= cols[m]
    return base[m] + r * cols[m] + c


@compiled
def read_symbols(
    windows: Windows, flat: Array, offset_of_side: Array, offset_of_matrix: Array
) -> Array:
    """Symbol of every block, from the concatenated cells of all matrices."""
    matrix, row, col, side, base, rows, cols = windows
    symbols = np.empty(row.size, np.int32)
    for w in range(row.size):
        code: Int = 0
        for i in range(side[w]):
            for j in range(side[w]):
                cell = cell_at(matrix, row, col, base, rows, cols, w, i, j)
                code |= np.int64(flat[cell]) << (i * side[w] + j)
        symbols[w] = code + offset_of_side[side[w]] + offset_of_matrix[matrix[w]]
    return symbols


@compiled
def occurrences(windows: Windows, cells: Int) -> Array:
    """How often each cell occurs in the blocks."""
    matrix, row, col, side, base, rows, cols = windows
    count = np.zeros(cells, np.int32)
    for w in range(row.size):
        for i in range(side[w]):
            for j in range(side[w]):
                count[cell_at(matrix, row, col, base, rows, cols, w, i, j)] += 1
    return count


@compiled
def shared_blocks(windows: Windows, count: Array) -> Array:
    """Which blocks hold a cell that occurs more than once."""
    matrix, row, col, side, base, rows, cols = windows
    shared = np.zeros(row.size, np.bool_)
    for w in range(row.size):
        for i in range(side[w]):
            for j in range(side[w]):
                if count[cell_at(matrix, row, col, base, rows, cols, w, i, j)] > 1:
                    shared[w] = True
    return shared


@inlined
def step_down(first: Array, inc: Array, scale: Array, shift: Int, copies: Int, symbol: Int) -> Real:
    """What the last of so many copies of a symbol adds to the complexity (0 if there is none)."""
    if copies == 0:
        return 0.0
    step = inc[copies - 1] if copies > 1 else first[symbol & ((1 << shift) - 1)]
    return step * scale[symbol >> shift]


@inlined
def step_up(first: Array, inc: Array, scale: Array, shift: Int, copies: Int, symbol: Int) -> Real:
    """What one more copy of a symbol adds to the complexity."""
    step = inc[copies] if copies > 0 else first[symbol & ((1 << shift) - 1)]
    return step * scale[symbol >> shift]


@compiled
def cell_losses(down: Array, up: Array, windows: Windows, symbols: Array, out: Array) -> None:
    """Loss of every one, and NaN for every zero, of cells that occur in one block only."""
    matrix, row, col, side, base, rows, cols = windows
    for w in range(symbols.size):
        symbol, m, size = np.int64(symbols[w]), matrix[w], np.int64(side[w])
        last = down[symbol]
        within = row[w] + size <= rows[m] and col[w] + size <= cols[m]
        start = base[m] + row[w] * cols[m] + col[w]
        for i in range(size):
            for j in range(size):
                flag = 1 << (i * size + j)
                value = last - up[symbol & ~flag]  # read in any case: no branch to be mispredicted
                value = value if symbol & flag else np.nan
                if within:
                    out[start + i * cols[m] + j] = value
                else:
                    out[cell_at(matrix, row, col, base, rows, cols, w, i, j)] = value


@compiled
def find_cells(windows: Windows, use: Array, cells: Int) -> tuple[Array, Array, Array]:
    """For every cell, the blocks marked in ``use`` and the bits where it occurs (CSR)."""
    matrix, row, col, side, base, rows, cols = windows
    start = np.zeros(cells + 1, np.int64)
    for w in range(use.size):
        if use[w]:
            for i in range(side[w]):
                for j in range(side[w]):
                    start[cell_at(matrix, row, col, base, rows, cols, w, i, j) + 1] += 1
    for cell in range(cells):
        start[cell + 1] += start[cell]
    block = np.empty(start[cells], np.int32)
    place = np.empty(start[cells], np.uint8)
    for w in range(use.size):
        if use[w]:
            for i in range(side[w]):
                for j in range(side[w]):
                    cell = cell_at(matrix, row, col, base, rows, cols, w, i, j)
                    block[start[cell]] = w
                    place[start[cell]] = i * side[w] + j
                    start[cell] += 1
    for cell in range(cells, 0, -1):
        start[cell] = start[cell - 1]
    start[0] = 0
    return start, block, place


@compiled
def gather_items(
    set_start: Array, set_cells: Array, start: Array, block: Array, place: Array, blocks: Int
) -> tuple[Array, Array, Array]:
    """Blocks that every set of cells touches, each once, with the bits it clears there (CSR)."""
    sets = set_start.size - 1
    item_start = np.zeros(sets + 1, np.int64)
    seen = np.full(blocks, -1, np.int64)
    for item in range(sets):
        touched = 0
        for cell in set_cells[set_start[item] : set_start[item + 1]]:
            for k in range(start[cell], start[cell + 1]):
                if seen[block[k]] != item:
                    seen[block[k]] = item
                    touched += 1
        item_start[item + 1] = item_start[item] + touched
    item_block = np.empty(item_start[sets], np.int32)
    item_mask = np.zeros(item_start[sets], np.int32)
    seen[:] = -1
    for item in range(sets):
        end = item_start[item]
        for cell in set_cells[set_start[item] : set_start[item + 1]]:
            for k in range(start[cell], start[cell + 1]):
                slot = seen[block[k]]
                if slot < item_start[item]:
                    slot = end
                    seen[block[k]] = slot
                    item_block[slot] = block[k]
                    end += 1
                item_mask[slot] |= np.int32(1 << place[k])
    return item_start, item_block, item_mask


@inlined
def item_loss(
    first: Array,
    inc: Array,
    scale: Array,
    shift: Int,
    counts: Array,
    symbols: Array,
    start: Array,
    block: Array,
    mask: Array,
    item: Int,
) -> Real:
    """Loss of clearing one item: its blocks move one after the other, then all moves are undone."""
    loss = 0.0
    for k in range(start[item], start[item + 1]):
        old = np.int64(symbols[block[k]])
        new = old & ~np.int64(mask[k])
        if new != old:
            loss += step_down(first, inc, scale, shift, counts[old], old)
            loss -= step_up(first, inc, scale, shift, counts[new], new)
            counts[old] -= 1
            counts[new] += 1
    for k in range(start[item], start[item + 1]):
        old = np.int64(symbols[block[k]])
        new = old & ~np.int64(mask[k])
        counts[old] += 1
        counts[new] -= 1
    return loss


@compiled
def item_losses(terms: Terms, counts: Array, symbols: Array, items: Items) -> Array:
    """Loss of clearing each item alone."""
    first, inc, scale, shift, _ = terms
    start, block, mask = items
    losses = np.empty(start.size - 1)
    for item in range(losses.size):
        losses[item] = item_loss(
            first, inc, scale, shift, counts, symbols, start, block, mask, item
        )
    return losses


@compiled
def replay_items(
    terms: Terms, counts: Array, symbols: Array, items: Items, complexity: Real
) -> Array:
    """Complexity after each item, cleared one after the other for good."""
    first, inc, scale, shift, _ = terms
    start, block, mask = items
    after = np.empty(start.size - 1)
    total, lost_bits = complexity, 0.0
    for item in range(after.size):
        for k in range(start[item], start[item + 1]):
            old = np.int64(symbols[block[k]])
            new = old & ~np.int64(mask[k])
            if new != old:
                # Kahan's sum: millions of small steps must not drift away from the true value.
                step = step_up(first, inc, scale, shift, counts[new], new)
                step -= step_down(first, inc, scale, shift, counts[old], old) + lost_bits
                raised = total + step
                lost_bits = (raised - total) - step
                total = raised
                counts[old] -= 1
                counts[new] += 1
                symbols[block[k]] = new
        after[item] = total
    return after
