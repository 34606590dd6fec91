"""Heads of attention are found, whatever the code that makes them looks like."""

import pytest
import torch
from tests.models.attention_cases import DEPTH, HEADS, WIDTH, attention_case
from torch import nn

from leastloss.models.heads import count_heads, possible_heads
from leastloss.models.traced_units import traced_units

BEHIND = [0, 1, 2, 3, 12, 13, 14, 15, 24, 25, 26, 27]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("unbound", {"qkv": BEHIND}),
        ("indexed", {"qkv": BEHIND}),
        ("interleaved", {"qkv": list(range(12))}),
        ("rotary", {"q": list(range(8)), "k": list(range(4)), "v": list(range(4))}),
    ],
)
def test_rows_and_columns_of_a_head(kind: str, rows: dict[str, list[int]]) -> None:
    units, left_out = traced_units(*attention_case(kind))
    first = f"attention.{next(iter(rows))}"
    assert {n: own[0].tolist() for n, own in units[first].rows.items()} == {
        f"attention.{name}": own for name, own in rows.items()
    }
    (columns,) = units[first].columns.values()
    assert torch.equal(columns.flatten(), torch.arange(columns.numel()))
    assert [len(units[first]), units[first].attention] == [HEADS, "attention"]
    assert list(units) == [first, "wide"]  # and the hidden units of the feed-forward part
    assert list(left_out) == ["embed"]


def test_encoders_of_torch() -> None:
    units, left_out = traced_units(*attention_case("torch"))
    assert {name: len(coupled) for name, coupled in units.items()} == {
        f"encoder.layers.{i}.{name}": size
        for i in (0, 1)
        for name, size in (("self_attn.q", HEADS), ("linear1", 8))
    }
    assert "LayerNorm" in left_out["embed"]


def test_attention_that_does_not_tell_its_heads_is_left_out() -> None:
    units, left_out = traced_units(*attention_case("silent"))
    assert list(units) == ["wide"]
    assert "mix before layer 'attention.out'" in left_out["attention.q"]


def test_layers_that_share_a_weight_make_no_heads() -> None:
    model, x = attention_case("scaled")
    assert "attention.q" in traced_units(model, x)[0]
    model.attention.k.weight = model.attention.q.weight
    assert list(traced_units(model, x)[0]) == ["wide"]


def test_only_linear_layers_make_heads() -> None:
    model = nn.ModuleDict({name: nn.Linear(4, 4) for name in "ab"})
    model.num_heads = 2
    assert len(list(possible_heads(model, ["a"], "b"))) == 1
    model["a"] = nn.Conv2d(4, 4, 1)
    assert not list(possible_heads(model, ["a"], "b"))


def test_the_nearest_module_around_all_layers_counts() -> None:
    model = nn.Module()
    model.num_heads, model.attention = 4, nn.Module()
    model.attention.num_heads = 2
    model.attention.q, model.k, model.out = (nn.Linear(8, 8) for _ in range(3))
    (heads,) = possible_heads(model, ["attention.q", "k"], "out")
    assert (heads.attention, len(heads)) == ("", 4)
    (heads,) = possible_heads(model, ["attention.q"], "out")
    assert (heads.attention, len(heads)) == ("attention", 2)


def test_a_module_is_told_all_that_follows_from_its_heads() -> None:
    module = nn.Module()
    module.num_heads, module.num_key_value_heads = 6, 3
    module.all_head_size, module.inner_dim, module.head_dim = WIDTH, WIDTH + 3, DEPTH
    count_heads(module, WIDTH, left=2, before=3)
    assert (module.num_heads, module.num_key_value_heads, module.all_head_size) == (4, 2, 8)
    assert (module.inner_dim, module.head_dim) == (WIDTH + 3, DEPTH)
