"""Whether a layer multiplies with its weight, and whether nothing else does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.errors import InputError
from leastloss.models.binarize import BinaryLinear
from leastloss.models.copying import own_copy
from leastloss.models.layers import Layer, effective_weight, own_weights, weight_layers
from leastloss.models.running import evaluation_mode, hooked, matched
from leastloss.models.untouched import same_randomness
from leastloss.seeds import torch_stream


@dataclass(frozen=True, eq=False)
class _Run:
    """A forward pass: its logits, and inputs and outputs of each layer, call by call."""

    inputs: dict[str, list[Tensor]]
    outputs: dict[str, list[Tensor]]
    logits: list[Tensor] = field(default_factory=list)
    strange: set[str] = field(default_factory=set)  # give something else than weight times input


def check_usage(model: nn.Module, x: Tensor, names: Sequence[str]) -> None:
    """Refuse layers that a mask on their weight would not prune, or not alone.

    Args:
        model: The network; it is left as it is.
        x: A few samples, shape (n, ...).
        names: The layers that are to be pruned.

    Raises:
        InputError: If one of them is named by :func:`misused`; it says which ones are left.

    Example:
        >>> class Shifted(nn.Linear):
        ...     def forward(self, x):
        ...         return functional.linear(x, self.weight - self.weight.mean(), self.bias)
        >>> net = nn.Sequential(Shifted(2, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> check_usage(net, torch.rand(4, 2), ["2"])
        >>> check_usage(net, torch.rand(4, 2), ["0", "2"])
        Traceback (most recent call last):
        leastloss.errors.InputError: layer '0' (Shifted) gives something else than its input times \
its weight plus its bias (does it compute another weight, as weight standardisation does?); leave \
it out: layers=['2']
    """
    found = misused(model, x)
    bad = [name for name in names if name in found]
    if not bad:
        return
    good = [name for name in names if name not in found]
    more = f" (and there is a like reason for {', '.join(map(repr, bad[1:]))})" if bad[1:] else ""
    how = f"leave it out: layers={good}" if good else "no other layer is left to prune"
    raise InputError(f"{found[bad[0]]}{more}; {how}")


def misused(model: nn.Module, x: Tensor) -> dict[str, str]:
    """The layers that do not multiply with their weight, or not they alone, and what is wrong.

    Two runs tell: one as the network is, to compare each layer's output with what its weight and
    bias make of its input; and one with all weights moved and all outputs held at those of the
    first run, in which the logits and what the layers read must stay.

    Args:
        model: The network; it is left as it is.
        x: A few samples, shape (n, ...).

    Returns:
        Layer name -> what is wrong with it, in the order of ``named_modules``.

    Example:
        >>> net = nn.MultiheadAttention(4, 2)
        >>> class Attending(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.attention = nn.MultiheadAttention(4, 2)
        ...     def forward(self, x):
        ...         return self.attention(x, x, x)[0]
        >>> misused(Attending(), torch.rand(3, 4))
        {'attention.out_proj': "MultiheadAttention uses the weight of 'attention.out_proj' without \
calling the layer"}
    """
    names = own_weights(model)
    plain = _run(model, x, names)
    found = {name: _says(model, name) for name in plain.strange}
    rest = [name for name in names if name not in found]
    # Where two like runs differ, by random numbers of the network's own, nothing can be told.
    if not _alike(_run(model, x, names, plain, rest), plain) and _alike(
        _run(model, x, names, plain), plain
    ):
        for name in rest:
            if not _alike(_run(model, x, names, plain, [name]), plain):
                found[name] = _uses(model, name, len(plain.outputs[name]))
    return {name: found[name] for name in names if name in found}


def _says(model: nn.Module, name: str) -> str:
    kind = type(weight_layers(model)[name]).__name__
    return (
        f"layer {name!r} ({kind}) gives something else than its input times its weight plus its "
        "bias (does it compute another weight, as weight standardisation does?)"
    )


def _uses(model: nn.Module, name: str, calls: int) -> str:
    if calls:
        return f"the weight of layer {name!r} is used a second time, outside of the layer"
    owner = type(model.get_submodule(name.rpartition(".")[0])).__name__
    return f"{owner} uses the weight of {name!r} without calling the layer"


def _run(
    model: nn.Module,
    x: Tensor,
    names: Sequence[str],
    held: _Run | None = None,
    moved: Sequence[str] = (),
) -> _Run:
    """Run a copy; with outputs held at those of another run, and with the weights of some moved."""
    trial = own_copy(model)  # with random streams of its own in the state they are in
    layers = {name: layer for name, layer in weight_layers(trial).items() if name in names}
    for name in moved:
        _move(layers[name])
    run = _Run({name: [] for name in names}, {name: [] for name in names})

    def look(name: str, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> Tensor | None:
        assert isinstance(layer, nn.Linear | nn.Conv2d)
        call = len(run.outputs[name])
        if held is not None:
            output = held.outputs[name][call] if call < len(held.outputs[name]) else output
        elif not _multiplies(layer, inputs[0], output):
            run.strange.add(name)
        run.inputs[name].append(inputs[0].clone())
        run.outputs[name].append(output)
        # What follows may work in place.
        return output.clone() if isinstance(output, Tensor) else None

    with same_randomness(), evaluation_mode(trial), torch.no_grad(), hooked(layers, look):
        run.logits.append(trial(matched(trial, x)))
    return run


@torch.no_grad()
def _move(layer: Layer) -> None:
    if isinstance(layer, BinaryLinear):
        layer.weight.neg_()
        return
    generator = torch_stream(0, "usage")
    noise = torch.randn(layer.weight.shape, generator=generator).to(layer.weight)
    layer.weight.add_(noise * (1 + layer.weight.abs().max()))


def _multiplies(layer: Layer, inputs: Tensor, output: Any) -> bool:
    """Whether an output is what weight and bias make of the input."""
    weight = effective_weight(layer)
    bias = None if layer.bias is None else layer.bias.detach()
    if not isinstance(output, Tensor):
        return False
    expected, size = (
        functional.linear(values, matrix, shift)
        if isinstance(layer, nn.Linear)
        else layer._conv_forward(values, matrix, shift)
        for values, matrix, shift in (
            (inputs, weight, bias),
            (inputs.abs(), weight.abs(), None if bias is None else bias.abs()),
        )
    )
    return expected.shape == output.shape and _close(output, expected, size, root=True)


def _alike(run: _Run, other: _Run) -> bool:
    """Whether logits are the same, and what each layer reads."""
    pairs = [(run.logits, other.logits)]
    pairs += [(values, other.inputs[name]) for name, values in run.inputs.items()]
    return all(
        len(ours) == len(theirs)
        and all(
            a.shape == b.shape and _close(a, b, b.abs().max())
            for a, b in zip(ours, theirs, strict=True)
        )
        for ours, theirs in pairs
    )


def _close(a: Tensor, b: Tensor, size: Tensor, *, root: bool = False) -> bool:
    """Whether two results agree to the rounding of their type, for sums of terms of such a size."""
    eps = torch.finfo(a.dtype).eps
    share = max(4 * eps, min(eps**0.5, 0.02)) if root else 16 * eps
    apart = (a.double() - b.double()).abs() > share * size.double()
    return not bool((apart | (a.isnan() != b.isnan())).any())
