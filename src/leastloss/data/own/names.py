"""How a user's own data are named: a path or ``module:function``, and options behind colons."""

import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from leastloss.data.class_names import plain_text
from leastloss.data.datasets import DATASETS
from leastloss.errors import InputError, ResourceError, choose
from leastloss.named_functions import is_function_name

Kind = Literal["archive", "table", "folder", "function", "artifact"]
_SUFFIXES: dict[str, Kind] = {
    ".npz": "archive",
    ".csv": "table",
    ".tsv": "table",
    ".parquet": "table",
}
OPTIONS: dict[Kind, tuple[str, ...]] = {
    "archive": (),
    "table": ("label", "header", "without"),
    "folder": ("colours",),
    "function": (),
    "artifact": ("label", "header", "without", "colours"),
}
"""The options that each kind of data takes."""

_OR_OWN = "or your own: a .npz, .csv or .parquet file, a folder of images, module:function"
_ARTIFACTS = ("runs:/", "datasets:/")
_TENSORS = "tensors:"  # how recipes begin that nothing can make again
_OPTION = re.compile(r":([a-z]+)=([^:]*)$")


@dataclass(frozen=True, kw_only=True)
class DataName:
    """Where data are, of which kind they are, and how they are to be read.

    Attributes:
        place: A path, an address or ``module:function``, without options.
        kind: What is there.
        options: Option -> value, as written.
        root: The data folder where a relative path was found; None: it is one from here on.
    """

    place: str
    kind: Kind
    options: dict[str, str]
    root: Path | None = None

    @property
    def text(self) -> str:
        """The whole name: the place and its options."""
        return ":".join([self.place, *(f"{key}={value}" for key, value in self.options.items())])

    @property
    def path(self) -> Path:
        """Where the file or folder is."""
        return (self.root or Path()) / self.place

    @property
    def short(self) -> str:
        """What runs, figures and pages call the data: the last part of a path, or the function.

        Example:
            >>> data_name("tables/bank.csv:label=y").short
            'bank'
        """
        if self.kind == "function":
            module, _, function = self.place.rpartition(":")
            return plain_text(f"{PurePosixPath(module).name.removesuffix('.py')}:{function}")
        path = PurePosixPath(self.place)
        known = path.suffix.lower() in _SUFFIXES
        return plain_text(path.stem if known else path.name) or "data"


def data_name(text: str) -> DataName | None:
    """Read the name of a user's own data; None if the text does not look like one.

    Raises:
        InputError: If the data take no such option.

    Example:
        >>> data_name("photos/") == DataName(place="photos/", kind="folder", options={})
        True
        >>> data_name("my_data:load").kind, data_name("digit")
        ('function', None)
    """
    place, options = text, dict[str, str]()
    while option := _OPTION.search(place):
        place = place[: option.start()]
        if option[1] in options:
            raise InputError(f"dataset {text!r} sets {option[1]!r} twice")
        options[option[1]] = option[2]
    kind = _kind_of(place)
    if kind is None:
        return None
    for name in options:
        if not OPTIONS[kind]:
            raise InputError(f"dataset {text!r}: this kind of data ({kind}) has no options")
        choose(f"option of a {kind}", name, OPTIONS[kind])
    return DataName(place=place, kind=kind, options=dict(reversed(options.items())))


def own_name(text: str) -> DataName | None:
    """Read the name of a data set; None for a published one.

    Raises:
        InputError: If it is neither one of `DATASETS` nor looks like a user's own.

    Example:
        >>> own_name("digits") is None, own_name("mine.csv").kind
        (True, 'table')
    """
    user_name = None if text in DATASETS else data_name(text)
    if text not in DATASETS and user_name is None:
        choose("data set", text, DATASETS, [*DATASETS, _OR_OWN])
    return user_name


def located(name: DataName, root: Path) -> DataName:
    """Find the file or folder, from the current folder or from the data folder on.

    Returns:
        The name, by an absolute path where it was found from the current folder on: so it means
        the same wherever it is read again.

    Raises:
        ResourceError: If there is none.
    """
    if name.kind == "artifact":
        return name
    if name.kind == "function":
        module, _, function = name.place.rpartition(":")
        if module.endswith(".py"):
            module = str(Path(module).expanduser().resolve())
        return replace(name, place=f"{module}:{function}")
    path = Path(name.place).expanduser()
    there = Path.is_dir if name.kind == "folder" else Path.is_file
    try:
        if there(path):
            return replace(name, place=str(path.resolve()))
        if there(root / path):
            return replace(name, root=root)
    except (OSError, ValueError):  # a name that no file can have
        pass
    what = "folder" if name.kind == "folder" else "file"
    raise ResourceError(
        f"there is no {what} {path}, neither from {Path.cwd()} nor from the data folder {root} on"
    )


def _kind_of(place: str) -> Kind | None:
    if place.startswith(_TENSORS):
        return None
    if place.startswith(_ARTIFACTS):
        return "artifact"
    if kind := _SUFFIXES.get(PurePosixPath(place).suffix.lower()):
        return kind
    if is_function_name(place):
        return "function"
    try:
        return "folder" if "/" in place or Path(place).is_dir() else None
    except (OSError, ValueError):  # a name that no file can have
        return None
