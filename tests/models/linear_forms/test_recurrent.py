"""Recurrent layers as two linear layers for each direction."""

from typing import Any

import pytest
import torch
from tests.models.linear_forms.compare import compare, drawn
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from leastloss.errors import InputError
from leastloss.models import linear_form


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize(
    "options",
    [{}, {"batch_first": True, "num_layers": 2, "bidirectional": True}, {"bias": False}],
)
def test_outputs_and_states(kind: Any, options: dict[str, Any]) -> None:
    compare(kind(5, 4, **options), drawn(7, 3, 5))
    compare(kind(5, 4, **options), drawn(7, 5))


def test_a_state_at_the_beginning() -> None:
    compare(nn.LSTM(5, 4, 2), drawn(7, 3, 5), (drawn(2, 3, 4), 2 * drawn(2, 3, 4)))
    compare(nn.GRU(5, 4), drawn(7, 3, 5), drawn(1, 3, 4))
    compare(nn.RNN(5, 4, nonlinearity="relu"), drawn(7, 5), drawn(1, 4))


def test_the_gates_are_rows_of_two_layers() -> None:
    form = compare(nn.LSTM(5, 4, batch_first=True), drawn(3, 7, 5))
    shapes = {name: tuple(value.shape) for name, value in form.named_parameters()}
    assert shapes["ih_l0.weight"] == (16, 5)
    assert shapes["hh_l0.weight"] == (16, 4)


def test_dropout_is_drawn_between_layers_alone_in_training() -> None:
    form = linear_form(nn.LSTM(5, 4, num_layers=2, dropout=0.5).train())
    x = torch.randn(6, 3, 5)
    assert not torch.equal(form(x)[0], form(x)[0])
    form.eval()
    assert torch.equal(form(x)[0], form(x)[0])


def test_what_has_no_linear_form_is_refused() -> None:
    with pytest.raises(InputError, match="layer '0': a projection of the state"):
        linear_form(nn.Sequential(nn.LSTM(5, 4, proj_size=2)))
    packed = pack_sequence([torch.randn(4, 5), torch.randn(2, 5)])
    with pytest.raises(InputError, match="packed sequence"):
        linear_form(nn.LSTM(5, 4))(packed)
