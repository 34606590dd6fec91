"""The tuples of arrays that Python hands to the compiled code."""

from typing import Any, NamedTuple, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]  # its dtype is in the comment beside each field
Int: TypeAlias = Any  # int64 in machine code, where int and np.int64 are one
Real: TypeAlias = Any  # float64
Word: TypeAlias = Any  # uint64


class Windows(NamedTuple):
    """Where the blocks of several matrices lie; cells are numbered over their concatenation.

    A block may wrap around the edge of its matrix.
    """

    matrix: Array  # int32, one per block
    row: Array  # int32, one per block
    col: Array  # int32, one per block
    side: Array  # uint8, one per block
    base: Array  # int64, one per matrix: its first cell
    rows: Array  # int64, one per matrix
    cols: Array  # int64, one per matrix


class Terms(NamedTuple):
    """A complexity as ``scale * (first, inc[1], inc[2], ...)`` per added copy of a symbol.

    ``scale`` (one per pool) makes the values multiples of 1/``unit`` bit, so that the small
    steps of the entropy of many blocks stay far above the grid on which orders compare them.
    """

    first: Array  # float64
    inc: Array  # float64
    scale: Array  # float64
    shift: int  # a symbol's pool is symbol >> shift
    unit: float


class Find(NamedTuple):
    """Cell c occurs in the blocks ``block[k]`` at the bits ``place[k]``, start[c] <= k < ..."""

    start: Array  # int64
    block: Array  # int32
    place: Array  # uint8


class Items(NamedTuple):
    """Item i clears the bits ``mask[k]`` of the blocks ``block[k]``, start[i] <= k < start[i+1]."""

    start: Array  # int64
    block: Array  # int32
    mask: Array  # int32


class Groups(NamedTuple):
    """The tree, and the blocks whose cells lie in no other block, by leaf: label and symbol."""

    tree: Array  # int64 (nodes, 2): lowest cost below a node, and its ways
    level: Array  # int64: first node of every level, leaves first; 16 children a node
    down: Array  # float64: what the last copy of each symbol adds to the complexity
    up: Array  # float64: what one more copy would add
    inside: Array  # int32: blocks of each leaf
    bits: Array  # int32: the bits of each leaf that share its lowest cost
    side: Array  # uint8: side of the blocks of each symbol
    root: Array  # int32: heap, or list, of the blocks of each leaf (see ``symbol_blocks``)
    place: Array  # int32 (blocks, 3): left or next, right or last, first cell


class Tally(NamedTuple):
    """What clearing each item would do to the counts, and its loss; see ``set_losses``."""

    change: Array  # int16 (symbols, items), or empty if not in use
    loss: Array  # int64, in 2**-44 bit
    seen: Array  # int64: the counts on which the losses stand
    first: Array  # int64: F of the first copy of each symbol
    sums: Array  # int64 (pools, copies): what all further copies add
    shift: int  # a symbol's pool is symbol >> shift


class Queue(NamedTuple):
    """All that the loop over removals works on; see ``queue_setup``."""

    groups: Groups
    labels: int  # how many labels take turns
    label: Array  # int64: label of each matrix
    stride: int  # leaves of a label: its symbols, then all items
    depth: int  # level of the tree at which a label has nodes of its own,
    tops: int  # and how many
    lowest: bool  # ties go by index: the tree holds lowest cells
    turn: Array  # int64: the label whose turn it is
    shared: Array  # bool: blocks of items; they are listed by symbol:
    head: Array  # int32
    after: Array  # int32
    before: Array  # int32
    items: Items
    leaf: Array  # int64: leaf of each item
    number: Array  # int64: what the order says for an item
    use_start: Array  # int64: the items of each block, and the bits they clear there (CSR)
    use_item: Array  # int64
    use_mask: Array  # int32
    wide: bool  # some item clears several bits of a block: all are ranked after each removal
    tally: Tally
    alive: Array  # bool: items still to be taken
    todo: Array  # int64: room for the items to rank
    item_stamp: Array  # int64: the removal after which an item was ranked
    changed: Array  # int64: room for the symbols whose counts a removal changes
    symbol_stamp: Array  # int64: the round in which a symbol was changed
