"""The arrays that Python hands to compiled code have the types that their comments say."""

import re
from pathlib import Path

import numpy as np
import pytest

from leastloss.information import BOUNDARIES, count_blocks
from leastloss.information.engine import array_types
from leastloss.information.engine.queue_setup import queue_of, shared_items
from leastloss.information.removal import items_of

SOURCE = Path(array_types.__file__).read_text(encoding="utf-8")
FIELDS = {
    (name, field): dtype
    for name, body in re.findall(r"class (\w+)\(NamedTuple\):(.*?)(?=\nclass|\Z)", SOURCE, re.S)
    for field, dtype in re.findall(r"(\w+): Array  # (\w+)", body)
}


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("summed", [True, False])
def test_every_array_has_one_type_whatever_the_options(boundary: str, summed: bool) -> None:
    """Another type would compile the kernels once more."""
    matrix = np.random.default_rng(0).integers(0, 2, (9, 11), dtype=np.uint8)
    blocks = count_blocks(matrix, boundary=boundary)
    shared, cells, find = shared_items(blocks)
    items = items_of(blocks, np.arange(len(cells) + 1), cells, find)
    terms = blocks.terms("bdm")
    queue = queue_of(blocks, terms, shared, items, cells, summed=summed)
    assert len(FIELDS) > 40
    for given in (blocks.windows, terms, find, items, queue, queue.groups, queue.tally):
        for field, value in given._asdict().items():
            if isinstance(value, np.ndarray):
                name = type(given).__name__
                assert value.dtype == FIELDS[name, field], (name, field)
                assert value.flags.c_contiguous, (name, field)
