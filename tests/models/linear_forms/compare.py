"""A layer, its linear form, and the layer again compute the same."""

from typing import Any

import torch
from torch import Tensor, nn

from leastloss.models import linear_form, native_form


def tensors(output: Any) -> list[Tensor]:
    """All tensors of an output, in their order."""
    if isinstance(output, Tensor):
        return [output]
    return [] if output is None else [tensor for part in output for tensor in tensors(part)]


def compare(layer: nn.Module, *inputs: Any, **options: Any) -> nn.Module:
    """Check that forms agree in double precision, and that weights survive; returns the form."""
    layer = layer.double().eval()
    form = linear_form(layer)
    back = native_form(form)
    assert type(back) is type(layer)
    assert not form.training
    state, before = back.state_dict(), layer.state_dict()
    assert list(state) == list(before)
    assert all(torch.equal(state[name], before[name]) for name in before)
    # With gradients: else torch takes a path that zeroes what is padded.
    expected, got = (tensors(model(*inputs, **options)) for model in (layer, form))
    assert len(expected) == len(got)
    for one, other in zip(expected, got, strict=True):
        assert torch.allclose(one, other, atol=1e-12)
    return form


def drawn(*shape: int) -> Tensor:
    """Normal numbers in double precision."""
    generator = torch.Generator().manual_seed(len(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64)
