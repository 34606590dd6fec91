"""ONNX files are run, and timed, as users run them."""

import pytest
import torch
from torch import nn

from leastloss.deploy import agreement, latency_ms, onnx_bytes, program_of, session_of
from leastloss.errors import InputError


def test_a_file_is_timed_on_one_sample() -> None:
    net, x = nn.Linear(4, 2), torch.rand(3, 4)
    session = session_of(onnx_bytes(program_of(net, x)))
    assert 0 < latency_ms(session, x, seconds=0.01) < 1000
    assert agreement(session, net, x) == 1
    with pytest.raises(InputError, match="logits of shape"):
        agreement(session, nn.Sequential(net, nn.Flatten(0), nn.Unflatten(0, (1, -1))), x)
