"""Metrics that a child run logs once."""

import pandas as pd
import torch
from torch import Tensor, nn

from leastloss.experiment.prune_run.run_metrics import measured_speed, network_gains, scoring_costs


def test_the_last_step_against_the_first() -> None:
    table = pd.DataFrame(
        {
            "removed": [0, 5, 20],
            "score_seconds": [0.0, 1.0, 3.0],
            "parameters": [30.0, 20.0, 10.0],
            "multiply_adds": [60.0, 40.0, 20.0],
            "bits": [100.0, 90.0, 80.0],
        }
    )
    assert network_gains(table) == {"compression_ratio": 1.25, "theoretical_speedup": 3.0}
    assert network_gains(table.assign(bits=[1.0, 1.0, 0.0])) == {}
    found = scoring_costs(table)
    assert found == {"score_seconds_total": 4.0, "score_microseconds_per_part": 200_000.0}


def test_a_network_that_is_no_chain_is_timed_as_it_is() -> None:
    class Added(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.two(self.one(x)) + x

    net = Added()
    assert measured_speed(net, net, torch.rand(3, 4))["latency_ms"] > 0
