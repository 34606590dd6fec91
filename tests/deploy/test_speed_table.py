"""The forms of a network side by side."""

import pytest
import torch

from leastloss.deploy import onnx_bytes, program_of, session_of
from leastloss.deploy.speed_table import (
    DENSE,
    MASKED,
    ONNX_RUNTIME,
    PYTORCH,
    Timed,
    speed_table,
    what_zeros_buy,
)
from leastloss.models import MLP


def test_each_form_is_run_by_each_program() -> None:
    net, x = MLP(6, (5,), 3), torch.rand(4, 6)
    session = session_of(onnx_bytes(program_of(net, x)))
    rows = speed_table({DENSE: net, MASKED: net}, {DENSE: session}, x, seconds=0.01, batch=8)
    forms = [(row.form, row.program) for row in rows]
    assert forms == [(DENSE, PYTORCH), (DENSE, ONNX_RUNTIME), (MASKED, PYTORCH)]
    assert all(row.latency_ms > 0 and row.throughput > 0 for row in rows)
    assert net.training


@pytest.mark.parametrize(("masked", "said"), [(1.05, True), (0.9, True), (0.5, False)])
def test_a_sentence_says_when_zeros_buy_nothing(masked: float, said: bool) -> None:
    rows = [
        Timed(form=form, program=PYTORCH, latency_ms=ms, throughput=1)
        for form, ms in ((DENSE, 1.0), (MASKED, masked))
    ]
    assert bool(what_zeros_buy(rows)) is said
