"""Times that can be told beforehand."""

import time

import pytest
import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.evaluation import speed


class Slow(nn.Module):
    """Sleeps, and notes how many samples it was given, on how many threads, and in which mode."""

    def __init__(self, seconds: float, seen: list[tuple[str, int, int, bool]]) -> None:
        super().__init__()
        self.seconds, self.seen = seconds, seen

    def __deepcopy__(self, memo: object) -> "Slow":
        return Slow(self.seconds, self.seen)

    def forward(self, x: Tensor) -> Tensor:
        """Sleep."""
        self.seen.append((f"{self.seconds}", len(x), torch.get_num_threads(), self.training))
        time.sleep(self.seconds)
        return x


def test_networks_take_turns_on_one_thread() -> None:
    seen: list[tuple[str, int, int, bool]] = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = speed(Slow(0.004, seen), Slow(0.001, seen), torch.rand(3, 2), batch=8, seconds=0.05)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert found["dense_latency_ms"] >= 4.0
    assert 1.0 <= found["latency_ms"] < found["dense_latency_ms"]
    assert 0 < found["dense_throughput"] <= 8 / 0.004
    assert found["dense_throughput"] < found["throughput"] <= 8 / 0.001
    own = [one for one in seen if one[1] in (1, 8)]
    rounds = [(one[0], two[0]) for one, two in zip(own[::2], own[1::2], strict=True)]
    assert set(rounds) == {("0.004", "0.001"), ("0.001", "0.004")}
    assert rounds[1::2] == [pair[::-1] for pair in rounds[::2]][: len(rounds) // 2]
    assert {one[1:] for one in own} == {(1, 1, False), (8, 1, False)}
    assert len([one for one in own if one[1] == 1]) >= 2 * (3 + 5)


def test_it_takes_no_longer_than_it_may(networks: dict[str, nn.Module]) -> None:
    net, begin = networks["convnet"], time.perf_counter()
    found = speed(net, net, torch.rand(5, 1, 8, 8), seconds=0.02)
    assert time.perf_counter() - begin < 2
    assert all(value > 0 for value in found.values())
    assert not net.training


@pytest.mark.parametrize("options", [{"batch": 0}, {"seconds": 0.0}, {"x": torch.rand(0, 2)}])
def test_nothing_to_measure_is_refused(options: dict[str, object]) -> None:
    net = nn.Identity()
    with pytest.raises(InputError, match="all must be above 0"):
        speed(net, net, **({"x": torch.rand(1, 2)} | options))
