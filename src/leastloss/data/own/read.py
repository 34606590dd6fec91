"""From the name of a user's own data to samples and labels."""

from dataclasses import replace

from leastloss.data.own.archives import read_archive_of_arrays
from leastloss.data.own.folders import read_folder
from leastloss.data.own.functions import read_function
from leastloss.data.own.names import DataName
from leastloss.data.own.tables import read_table
from leastloss.data.published import Images
from leastloss.errors import InputError


def read_own(name: DataName, *, size: int | None, seed: int) -> Images:
    """Read data that are no published set, by a name that ``located`` has found.

    Images are resized to size x size, unless it is None; a function gets ``seed``.

    Raises:
        InputError: If the data cannot be used.
        ResourceError: If a file is damaged, or does not fit in memory.
    """
    if name.kind == "function":
        images = read_function(name.place, size, seed)
    elif name.kind == "archive":
        images = read_archive_of_arrays(name.path, size)
    elif name.kind == "table":
        images = read_table(name.path, name.options, size)
    elif name.kind == "folder":
        images = read_folder(name.path, name.options, size)
    else:
        raise InputError(
            f"{name.place} is in a tracking store; the commands fetch it, and load_data reads files"
        )
    return replace(images, title=name.short)
