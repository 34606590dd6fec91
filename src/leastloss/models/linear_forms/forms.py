"""Networks of other kinds of layers as networks of Linear and Conv2d layers, and back."""

from collections.abc import Callable
from typing import Any

from torch import nn

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.models.copying import own_copy
from leastloss.models.linear_forms.attention import AttentionForm
from leastloss.models.linear_forms.convolutions import Conv1dForm, ConvTransposeForm
from leastloss.models.linear_forms.recurrent import RecurrentForm

FORMS: dict[type[nn.Module], Callable[[Any], nn.Module]] = {
    nn.Conv1d: Conv1dForm,
    nn.ConvTranspose1d: ConvTransposeForm,
    nn.ConvTranspose2d: ConvTransposeForm,
    nn.MultiheadAttention: AttentionForm,
    nn.LSTM: RecurrentForm,
    nn.GRU: RecurrentForm,
    nn.RNN: RecurrentForm,
}
"""Kind of layer -> what computes the same by Linear and Conv2d layers."""

_FORMS = (Conv1dForm, ConvTransposeForm, AttentionForm, RecurrentForm)


def form_hint(model: nn.Module) -> str:
    """Words that name the layers of a network that have a linear form; empty if there are none."""
    kinds = dict.fromkeys(type(m).__name__ for m in model.modules() if type(m) in FORMS)
    return f"; ll.linear_form makes layers of {', '.join(kinds)}" if kinds else ""


@checked
def linear_form(model: nn.Module) -> nn.Module:
    """Copy a network with recurrent, attention and other convolution layers as plain layers.

    ``nn.Conv1d``, ``nn.ConvTranspose1d``, ``nn.ConvTranspose2d``, ``nn.MultiheadAttention``,
    ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN`` are replaced by modules that compute the same, up to
    rounding, by Linear and Conv2d layers, which every criterion prunes and every repair mends. In a
    recurrent layer the steps are a loop, several times slower. Embeddings stay as they are.

    Args:
        model: Any network; it is left as it is. Subclasses of these layers stay as they are.

    Returns:
        A copy; :func:`native_form` undoes it.

    Raises:
        InputError: If a recurrent layer has a projection, or an attention layer learned keys.

    Example:
        >>> import torch
        >>> net = linear_form(nn.Sequential(nn.Conv1d(2, 3, 2), nn.Flatten(), nn.Linear(6, 2)))
        >>> [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d)]
        ['0.conv']
    """
    return _replaced(model, lambda module: FORMS.get(type(module)))


@checked
def native_form(model: nn.Module) -> nn.Module:
    """Copy a network with its layers as they were before :func:`linear_form`, pruned as it is.

    Raises:
        InputError: If an attention layer has lost heads (:func:`leastloss.compact`).

    Example:
        >>> net = nn.Sequential(nn.LSTM(3, 4))
        >>> native_form(linear_form(net))
        Sequential(
          (0): LSTM(3, 4)
        )
    """
    return _replaced(model, lambda form: type(form).native if isinstance(form, _FORMS) else None)


def _replaced(
    model: nn.Module, replacement: Callable[[nn.Module], Callable[[Any], nn.Module] | None]
) -> nn.Module:
    copied = own_copy(model)
    for module in copied.modules():
        if isinstance(module, nn.TransformerEncoder):
            module.use_nested_tensor = False  # its fast path reads weights and calls no layer
    if make := replacement(copied):
        return _made(make, copied, "")
    replacements: dict[int, nn.Module] = {}  # a module that stands in two places stays one
    for name, module in list(copied.named_modules(remove_duplicate=False)):
        if make := replacement(module):
            if id(module) not in replacements:
                replacements[id(module)] = _made(make, module, name)
            copied.set_submodule(name, replacements[id(module)])
    return copied


def _made(make: Callable[[Any], nn.Module], module: nn.Module, name: str) -> nn.Module:
    try:
        return make(module).train(module.training)
    except InputError as error:
        raise InputError(f"layer {name!r}: {error}") from error
