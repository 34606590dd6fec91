"""A function whose arguments are checked against its annotations."""

from collections.abc import Mapping, Sequence
from typing import Any

from leastloss.arguments import checked


@checked
def example(
    whole: int = 1,
    real: float = 1.0,
    flag: bool = True,
    text: str = "a",
    wholes: Sequence[int] = (),
    texts: Sequence[str] = (),
    names: Mapping[str, int] | None = None,
    *,
    pair: tuple[int, int] = (1, 1),
    seed: int = 0,
    anything: Any = None,
    unsaid=None,
) -> str:
    """Say that all is well."""
    return "well"
