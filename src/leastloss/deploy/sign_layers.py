"""Layers of signs on bits: 64 products are one XOR and one count of bits."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numba
import numpy as np
import torch
from llvmlite.ir import IRBuilder
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.deploy.plain import Threshold, plain_copy
from leastloss.errors import InputError

_WORD = 64


def _count_ones(_: Any, word: Any) -> Any:
    def generate(_: Any, builder: IRBuilder, __: Any, arguments: Sequence[Any]) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


# One instruction, where the processor has it.
_ones = cast(Callable[[Any], Any], intrinsic(_count_ones))


def _kernel(
    x: Any, widths: Any, signs: Any, kept: Any, counts: Any, thresholds: Any, directions: Any
) -> Any:
    widest = 0
    for width in widths:
        widest = max(widest, width)
    out = np.empty((len(x), widths[-1]), dtype=np.float32)
    values = np.empty(widest, dtype=np.float32)
    words = np.empty((widest + 63) // 64, dtype=np.uint64)
    bit = np.uint64(1)
    for sample in range(len(x)):
        values[: widths[0]] = x[sample]
        first, row, unit = 0, 0, 0  # of this layer: its word, its output, its input
        for layer in range(len(widths) - 1):
            long = (widths[layer] + 63) // 64
            for w in range(long):
                word = np.uint64(0)
                for j in range(64 * w, min(64 * (w + 1), widths[layer])):
                    if directions[unit + j] * values[j] >= thresholds[unit + j]:
                        word |= bit << np.uint64(j - 64 * w)
                words[w] = word
            unit += widths[layer]
            for output in range(widths[layer + 1]):
                differ = np.uint64(0)
                for w in range(long):
                    differ += _ones((words[w] ^ signs[first + w]) & kept[first + w])
                values[output] = counts[row + output] - 2 * np.int64(differ)
                first += long
            row += widths[layer + 1]
        out[sample] = values[: widths[-1]]
    return out


_run = cast(Callable[..., NDArray[np.float32]], numba.njit(cache=True, nogil=True)(_kernel))


class SignLayers(nn.Module):
    """Layers of weights -1, 0 and +1, each behind a comparison, computed on bits.

    A sum of signs is what is kept minus twice what differs: exact, so that the outputs are those of
    the float layers bit for bit. On the CPU, without gradients; a NaN counts as -1. A kept weight
    takes a bit for its sign, and every weight a bit that says whether it is kept.

    Args:
        layers: Of each layer the comparison in front and the weights, shape (out, in).

    Example:
        >>> weight = torch.tensor([[1.0, -1.0, 0.0]])
        >>> layer = SignLayers([(Threshold(torch.zeros(3), torch.ones(3)), weight)])
        >>> layer(torch.tensor([[0.2, 0.3, -5.0], [0.2, -0.3, 1.0]]))
        tensor([[0.],
                [2.]])
    """

    def __init__(self, layers: Sequence[tuple[Threshold, Tensor]]) -> None:
        super().__init__()
        weights = [weight for _, weight in layers]
        self.widths = np.array([weights[0].shape[1], *(len(weight) for weight in weights)])
        self.signs = np.concatenate([_words(weight > 0) for weight in weights])
        self.kept = np.concatenate([_words(weight != 0) for weight in weights])
        self.counts = np.concatenate([(weight != 0).sum(1).numpy() for weight in weights])
        self.thresholds = np.concatenate([norm.threshold.numpy() for norm, _ in layers])
        self.directions = np.concatenate([norm.direction.numpy() for norm, _ in layers])

    def forward(self, x: Tensor) -> Tensor:
        """Map values in front of the first comparison, shape (n, in), to sums, shape (n, out)."""
        values = x.detach().float().contiguous().numpy()
        arrays = self.widths, self.signs, self.kept, self.counts, self.thresholds, self.directions
        return torch.from_numpy(_run(values, *arrays))

    def extra_repr(self) -> str:
        """The widths, as printed."""
        return " -> ".join(str(width) for width in self.widths)


@checked
def bit_packed(model: nn.Module) -> nn.Module:
    """Copy a binary network for inference: layers of signs behind signs compute on bits.

    The first layer, whose inputs are real, and the last BatchNorm stay as they are. Logits are
    those of the network on the CPU, bit for bit.

    Returns:
        The copy, on the CPU, in evaluation mode, without gradients.

    Raises:
        InputError: If no layer of signs stands behind BatchNorm and a sign in a ``Sequential``.

    Example:
        >>> import leastloss as ll
        >>> model, x = ll.BinarizedMLP(8, (70, 5), 3).eval(), torch.rand(4, 8)
        >>> bool((bit_packed(model)(x) == model(x)).all())
        True
    """
    copied = plain_copy(model)
    for module in list(copied.modules()):
        if isinstance(module, nn.Sequential):
            _pack_runs(module)
    if not any(isinstance(module, SignLayers) for module in copied.modules()):
        raise InputError(
            "the network has no layer of signs (ll.BinarizedMLP has) behind BatchNorm and a sign "
            "in a Sequential, so that nothing can be computed on bits"
        )
    return copied


def _pack_runs(modules: nn.Sequential) -> None:
    """Put one module in the place of each run of (comparison, layer of signs)."""
    begin, run = 0, list[tuple[Threshold, Tensor]]()
    for place, module in enumerate([*modules, nn.Flatten()]):
        norm = modules[place - 2] if place > 1 else None
        if isinstance(norm, Threshold) and isinstance(module, nn.Linear) and _is_signs(module):
            begin = begin if run else place - 2
            run.append((norm, module.weight))
        elif run and not isinstance(module, Threshold | nn.Identity):
            for inside in range(begin, begin + 3 * len(run)):
                modules[inside] = nn.Identity()
            modules[begin], run = SignLayers(run), []


def _is_signs(layer: nn.Linear) -> bool:
    weight = layer.weight
    return bool(((weight == 0) | (weight.abs() == 1)).all()) and layer.bias is None


def _words(flags: Tensor) -> NDArray[np.uint64]:
    """Rows of flags as words of 64, the first flag in the lowest bit; flat."""
    rows, columns = flags.shape
    padded = np.zeros((rows, -(-columns // _WORD) * _WORD), dtype=bool)
    padded[:, :columns] = flags.numpy()
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").ravel()
