"""Networks of all kinds of layers are pruned once they are written as plain layers."""

import pytest
import torch
from torch import Tensor, nn

import leastloss as ll
from leastloss.errors import InputError
from leastloss.models import network_sparsity, weight_layers

TOKENS = torch.randint(0, 20, (160, 7), generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(160) % 3


class Reader(nn.Module):
    """A small transformer that reads tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Embedding(20, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (n, 7) to logits (n, 3)."""
        logits: Tensor = self.head(self.block(self.look(x.long())).mean(1))
        return logits


class Listener(nn.Module):
    """A recurrent network behind a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(5, 6, 3, padding=1)
        self.memory = nn.LSTM(6, 8, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map series (n, 5, length) to logits (n, 3)."""
        logits: Tensor = self.head(self.memory(self.conv(x).relu().transpose(1, 2))[0][:, -1])
        return logits


@pytest.mark.parametrize("criterion", ["magnitude", "nc", "wanda", "obs", "mils-bdm", "taylor"])
def test_the_projections_of_attention_are_pruned(criterion: str) -> None:
    torch.manual_seed(0)
    model = ll.linear_form(Reader())
    path = ll.prune(model, (TOKENS, LABELS), criterion, sparsities=[0.4], progress=False)
    pruned = path.model_at(0.4)
    layers = weight_layers(pruned)
    assert {f"block.self_attn.{name}" for name in ("q", "k", "v", "out_proj")} < set(layers)
    native = ll.native_form(pruned)
    assert isinstance(native.block.self_attn, nn.MultiheadAttention)
    assert (native.block.self_attn.in_proj_weight == 0).any()
    with torch.no_grad():
        assert torch.allclose(native(TOKENS), pruned(TOKENS), atol=1e-5)
    assert any("look.weight" in remark for remark in path.remarks)  # embeddings stay dense


def test_recurrent_layers_are_pruned_by_weight_and_their_inputs_by_any_score() -> None:
    torch.manual_seed(0)
    x = torch.randn(160, 5, 9)
    model = ll.linear_form(Listener())
    for criterion in ("magnitude", "lamp", "mils-bdm", "random"):
        options = {"recovery": "none", "sparsities": [0.5], "progress": False}
        path = ll.prune(model, (x, LABELS), criterion, **options)
        assert network_sparsity(path.model_at(0.5), {}) == pytest.approx(0.5, abs=0.01)
    once = ["conv.conv", "memory.ih_l0", "head"]
    ll.prune(model, (x, LABELS), "nc", layers=once, sparsities=[0.5], progress=False)
    with pytest.raises(InputError, match=r"'memory\.hh_l0' is called 9 times"):
        ll.prune(model, (x, LABELS), "nc", sparsities=[0.5], progress=False)


def test_who_is_not_converted_is_told() -> None:
    path = ll.prune(
        Listener(), (torch.randn(60, 5, 9), LABELS[:60]), "magnitude", sparsities=[0.5],
        progress=False,
    )  # fmt: skip
    assert any("ll.linear_form makes layers of Conv1d, LSTM" in line for line in path.remarks)
    with pytest.raises(InputError, match=r"without calling the layer \(ll\.linear_form"):
        ll.prune(Reader(), (TOKENS, LABELS), "magnitude", sparsities=[0.5], progress=False)


def test_a_layer_in_two_places_stays_one_and_the_model_as_it_is() -> None:
    conv = nn.Conv1d(2, 2, 3, padding=1)
    net = nn.Sequential(conv, nn.ReLU(), conv)
    form = ll.linear_form(net)
    assert form[0] is form[2]
    assert net[0] is conv
    assert isinstance(ll.native_form(form)[0], nn.Conv1d)
    plain = nn.Linear(2, 2)
    assert isinstance(ll.linear_form(plain), nn.Linear)
