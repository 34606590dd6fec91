"""Metrics that a child run logs once."""

import pandas as pd
import torch
from torch import Tensor, nn

from leastloss.experiment.prune_run.run_metrics import (
    file_sizes,
    measured_speed,
    network_gains,
    scoring_costs,
)
from leastloss.pruning import apply_masks


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
    dense = {"parameters": 60.0, "multiply_adds": 80.0, "bits": 160.0}
    assert network_gains(table, dense) == {"compression_ratio": 2.0, "theoretical_speedup": 4.0}
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


def test_a_packed_file_of_a_pruned_network_is_smaller_than_by_gzip() -> None:
    net = nn.Sequential(nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10))
    apply_masks(net, {"0": torch.rand(100, 100, generator=torch.Generator().manual_seed(0)) > 0.9})
    sizes = file_sizes(net)
    assert sizes["packed_bytes"] < sizes["gzip_bytes"] < sizes["file_bytes"]
