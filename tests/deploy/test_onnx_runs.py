"""ONNX files are run as users run them."""

import pytest
import torch
from torch import nn

from leastloss.deploy import agreement, onnx_bytes, program_of, session_of
from leastloss.errors import InputError


def test_other_logits_are_refused() -> None:
    net, x = nn.Linear(4, 2), torch.rand(3, 4)
    session = session_of(onnx_bytes(program_of(net, x)))
    assert agreement(session, net, x) == 1
    with pytest.raises(InputError, match="logits of shape"):
        agreement(session, nn.Sequential(net, nn.Flatten(0), nn.Unflatten(0, (1, -1))), x)
