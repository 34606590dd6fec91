"""Attention as four linear layers, also within torch's encoders."""

from typing import Any

import pytest
import torch
from tests.models.linear_forms.compare import compare, drawn
from torch import nn

from leastloss.errors import InputError
from leastloss.models import AttentionForm, linear_form, weight_layers

PADDED = torch.arange(6)[None].expand(3, 6) > 4


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"need_weights": False},
        {"average_attn_weights": False, "key_padding_mask": PADDED},
        {"attn_mask": torch.ones(6, 6).triu(1).bool()},
        {"attn_mask": drawn(6, 6, 6).to(torch.float64)},
    ],
)
def test_outputs_and_weights(options: dict[str, Any]) -> None:
    x = drawn(3, 6, 8)
    compare(nn.MultiheadAttention(8, 2, batch_first=True), x, x, x, **options)


def test_other_widths_other_orders_and_no_batch() -> None:
    layer = nn.MultiheadAttention(8, 2, kdim=5, vdim=4)
    compare(layer, drawn(3, 6, 8), drawn(4, 6, 5), drawn(4, 6, 4))
    x = drawn(5, 8)
    compare(nn.MultiheadAttention(8, 2, bias=False), x, x, x)


def test_encoders_call_the_layers_in_evaluation_mode() -> None:
    one = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = nn.TransformerEncoder(one, 2)
    form = compare(encoder, drawn(3, 6, 8), src_key_padding_mask=PADDED)
    assert sum(isinstance(module, AttentionForm) for module in form.modules()) == 2
    called: list[str] = []
    for name, layer in weight_layers(form).items():
        layer.register_forward_hook(lambda *_, name=name: called.append(name))
    with torch.no_grad():
        form(drawn(3, 6, 8), src_key_padding_mask=PADDED)
    assert sorted(called) == sorted(weight_layers(form))
    compare(nn.Transformer(8, 2, 1, 1, 16, batch_first=True), drawn(3, 6, 8), drawn(3, 5, 8))


def test_keys_of_its_own_are_refused() -> None:
    with pytest.raises(InputError, match="layer '0': attention with keys of its own"):
        linear_form(nn.Sequential(nn.MultiheadAttention(8, 2, add_bias_kv=True)))


def test_exported_networks_take_any_number_of_samples() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    net, x = linear_form(layer).eval(), drawn(2, 6, 8).float()
    free = ({0: torch.export.Dim("n")},)
    graph = torch.export.export(net, (x,), dynamic_shapes=free).module()
    three = drawn(3, 6, 8).float()
    assert torch.allclose(graph(three), net(three), atol=1e-6)
