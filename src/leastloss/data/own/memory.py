"""Data are held in memory: what would not fit is refused before anything is unpacked."""

import os

from leastloss.errors import ResourceError


def machine_memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def check_memory(what: str, size: int) -> None:
    """Refuse what is larger than the machine's memory.

    Args:
        what: What is read.
        size: Its bytes once it is unpacked.

    Raises:
        ResourceError: If so.

    Example:
        >>> check_memory("small.npz", 1_000)
    """
    memory = machine_memory()
    if size > memory:
        raise ResourceError(
            f"{what} would take {size / 2**30:,.0f} GiB of memory once it is unpacked, and this "
            f"machine has {memory / 2**30:,.0f}; it was not opened"
        )
