"""The share of zeros over all matrices of a network, whatever kind of layer they are in."""

import torch
from torch import nn
from torch.nn.utils import prune as torch_prune

from leastloss.models.matrices import describe_dense, network_sparsity, weight_matrices
from leastloss.pruning import apply_masks


class Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10, 8)
        self.conv = nn.Conv1d(8, 8, 3)
        self.up = nn.ConvTranspose2d(1, 2, 3)
        self.attention = nn.MultiheadAttention(8, 2)
        self.rnn = nn.LSTM(8, 4)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 5)
        self.tied = nn.Linear(8, 10, bias=False)
        self.tied.weight = self.words.weight


SIZES = {
    "words.weight": 80,
    "conv.weight": 192,
    "up.weight": 18,
    "attention.in_proj_weight": 192,
    "attention.out_proj.weight": 64,
    "rnn.weight_ih_l0": 128,
    "rnn.weight_hh_l0": 64,
    "head.weight": 40,
}


def test_every_matrix_counts_once() -> None:
    assert {name: value.numel() for name, value in weight_matrices(Mixed()).items()} == SIZES


def test_the_share_is_that_of_all_weights() -> None:
    net, total = Mixed(), sum(SIZES.values())
    gone = {"head": torch.zeros(5, 8, dtype=torch.bool)}
    assert network_sparsity(net, gone) == 40 / total
    apply_masks(net, gone)
    assert network_sparsity(net, {}) == 40 / total  # remembered
    torch_prune.l1_unstructured(net.conv, "weight", 92)
    assert network_sparsity(net, gone) == 132 / total


def test_what_stays_dense_is_named_and_long_lists_are_cut() -> None:
    net = Mixed()
    assert describe_dense(net, ["head", "attention.out_proj"]) == (
        "0.87 of the network's weights stay dense: words.weight, conv.weight, up.weight, "
        "attention.in_proj_weight, rnn.weight_ih_l0, rnn.weight_hh_l0; ll.linear_form makes "
        "layers of Conv1d, ConvTranspose2d, MultiheadAttention, LSTM"
    )
    assert "attention.out_proj.weight, rnn.weight_ih_l0 and 2 more; ll." in describe_dense(net, [])
    assert describe_dense(nn.Linear(3, 2), [""]) == ""
