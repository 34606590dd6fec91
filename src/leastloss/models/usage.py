"""Whether a layer multiplies with its weight, and whether nothing else does."""

from collections.abc import Sequence

from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.layers import own_weights, weight_layers
from leastloss.models.linear_forms import FORMS
from leastloss.models.moved_weights import alike, run_once


def check_usage(model: nn.Module, x: Tensor, names: Sequence[str]) -> None:
    """Refuse layers that a mask on their weight would not prune, or not alone.

    Args:
        model: The network; it is left as it is.
        x: A few samples, shape (n, ...).
        names: The layers that are to be pruned.

    Raises:
        InputError: If one of them is named by :func:`misused`; it says which ones are left.

    Example:
        >>> import torch
        >>> from torch.nn import functional
        >>> class Shifted(nn.Linear):
        ...     def forward(self, x):
        ...         return functional.linear(x, self.weight - self.weight.mean(), self.bias)
        >>> net = nn.Sequential(Shifted(2, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> x = torch.rand(4, 2)
        >>> check_usage(net, x, ["2"])
        >>> check_usage(net, x, ["0", "2"])
        Traceback (most recent call last):
        leastloss.errors.InputError: layer '0' (Shifted) gives something else than its input times \
its weight plus its bias (does it compute another weight, as weight standardisation does?); leave \
it out: layers=['2']
    """
    faults = misused(model, x)
    bad = [name for name in names if name in faults]
    if not bad:
        return
    good = [name for name in names if name not in faults]
    more = f" (and there is a like reason for {', '.join(map(repr, bad[1:]))})" if bad[1:] else ""
    how = f"leave it out: layers={good}" if good else "no other layer is left to prune"
    raise InputError(f"{faults[bad[0]]}{more}; {how}")


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
        >>> import torch
        >>> class Attending(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.attention = nn.MultiheadAttention(4, 2)
        ...     def forward(self, x):
        ...         return self.attention(x, x, x)[0]
        >>> misused(Attending(), torch.rand(3, 4))
        {'attention.out_proj': "MultiheadAttention uses the weight of 'attention.out_proj' without \
calling the layer (ll.linear_form makes layers of it)"}
    """
    names = own_weights(model)
    plain = run_once(model, x, names)
    faults = {name: _says(model, name) for name in plain.strange}
    rest = [name for name in names if name not in faults]
    # Where two like runs differ, by random numbers of the network's own, nothing can be told.
    if not alike(run_once(model, x, names, plain, rest), plain) and alike(
        run_once(model, x, names, plain), plain
    ):
        for name in rest:
            if not alike(run_once(model, x, names, plain, [name]), plain):
                faults[name] = _uses(model, name, len(plain.outputs[name]))
    return {name: faults[name] for name in names if name in faults}


def _says(model: nn.Module, name: str) -> str:
    kind = type(weight_layers(model)[name]).__name__
    return (
        f"layer {name!r} ({kind}) gives something else than its input times its weight plus its "
        "bias (does it compute another weight, as weight standardisation does?)"
    )


def _uses(model: nn.Module, name: str, calls: int) -> str:
    if calls:
        return f"the weight of layer {name!r} is used a second time, outside of the layer"
    owner = type(model.get_submodule(name.rpartition(".")[0]))
    way_out = " (ll.linear_form makes layers of it)" if owner in FORMS else ""
    return f"{owner.__name__} uses the weight of {name!r} without calling the layer{way_out}"
