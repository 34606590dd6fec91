"""Heads of attention as units: which rows and columns belong to each, and who counts them."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from leastloss.models.layers import own_weights, weight_layers
from leastloss.models.units import CoupledLayers

_COUNTS = (
    *("num_heads", "num_attention_heads", "n_heads", "n_head", "heads", "nhead"),
    *("num_key_value_heads", "num_kv_heads"),
)
_DEPTHS = ("head_dim", "attention_head_size", "dim_head", "key_value_proj_dim")
_WIDTHS = ("all_head_size", "attn_dim", "inner_dim")


def possible_heads(model: nn.Module, makers: list[str], reader: str) -> Iterator[CoupledLayers]:
    """What the heads may be where attention mixes the channels that makers give a reader.

    How many there are, a module around the layers says, by one of the usual names (``num_heads``,
    ``head_dim``, ...). Heads lie side by side; queries, keys and values that one layer makes lie
    behind each other, or in each head. Which of these it is, a run must show.

    Example:
        >>> attention = nn.Module()
        >>> attention.num_heads, attention.qkv, attention.out = 2, nn.Linear(4, 12), nn.Linear(4, 4)
        >>> [heads.rows["qkv"].tolist() for heads in possible_heads(attention, ["qkv"], "out")]
        [[[0, 1, 4, 5, 8, 9], [2, 3, 6, 7, 10, 11]], [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]]
    """
    layers, owners = weight_layers(model), own_weights(model)
    sizes = {name: len(layers[name].weight) for name in makers}
    if not all(n in owners and isinstance(layers[n], nn.Linear) for n in (*makers, reader)):
        return
    width = layers[reader].weight.shape[1]
    owner, counts = _counted(model, makers, [width, *sizes.values()])
    for count in counts:
        columns = torch.arange(width).reshape(count, -1)
        apart = {name: _rows(size, count, max(size // width, 1)) for name, size in sizes.items()}
        together = {name: _rows(size, count, 1) for name, size in sizes.items()}
        yield CoupledLayers(apart, {reader: columns}, {}, owner)
        if any(not torch.equal(apart[name], together[name]) for name in sizes):
            yield CoupledLayers(together, {reader: columns}, {}, owner)


def _rows(size: int, heads: int, parts: int) -> Tensor:
    """The rows of each head: of ``parts`` blocks of all heads, the same place in each."""
    if size % (heads * parts):
        parts = 1
    return torch.arange(size).reshape(parts, heads, -1).transpose(0, 1).flatten(1)


def _counted(model: nn.Module, makers: list[str], sizes: list[int]) -> tuple[str, list[int]]:
    """The nearest module around all makers that tells a number of heads, and what it may be."""
    modules, path = dict(model.named_modules()), makers[0].split(".")[:-1]
    while True:
        name = ".".join(path)
        if all(f"{maker}.".startswith(f"{name}." if name else "") for maker in makers):
            attributes = vars(modules[name])
            counts = {attributes.get(key) for key in _COUNTS}
            depths = {
                depth for key in _DEPTHS if isinstance(depth := attributes.get(key), int) and depth
            }
            counts |= {size // depth for size in sizes for depth in depths}
            usable = [
                count
                for count in counts
                if isinstance(count, int) and count > 1 and not any(size % count for size in sizes)
            ]
            if usable:
                return name, sorted(usable, reverse=True)
        if not path:
            return "", []
        path.pop()


def count_heads(attention: nn.Module, width: int, left: int, before: int) -> None:
    """Tell a module that it has fewer heads.

    Args:
        attention: The module.
        width: How many channels its heads gave together.
        left: How many of its heads are left, of those that are removed as a whole.
        before: How many there were.

    Example:
        >>> attention = nn.MultiheadAttention(8, 4)
        >>> count_heads(attention, 8, left=3, before=4)
        >>> attention.num_heads, attention.head_dim
        (3, 2)
    """
    attributes = vars(attention)
    for name in (*_COUNTS, *_WIDTHS):
        value = attributes.get(name)
        if isinstance(value, int) and value % before == 0 and (name in _COUNTS or value == width):
            setattr(attention, name, value // before * left)
