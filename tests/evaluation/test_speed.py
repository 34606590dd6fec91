"""Times that can be told beforehand."""

from dataclasses import dataclass
from importlib import import_module

import pytest
import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.evaluation import speed


@dataclass
class Clock:
    """A clock that only networks move, so that what is measured can be told beforehand."""

    now: float = 0.0

    def perf_counter(self) -> float:
        """Say what the time is."""
        return self.now


class Slow(nn.Module):
    """Takes its time, and notes how many samples it was given, on what threads, and the mode."""

    def __init__(
        self, seconds: float, clock: Clock, seen: list[tuple[float, int, int, bool]]
    ) -> None:
        super().__init__()
        self.seconds, self.clock, self.seen = seconds, clock, seen

    def __deepcopy__(self, memo: object) -> "Slow":
        return Slow(self.seconds, self.clock, self.seen)

    def forward(self, x: Tensor) -> Tensor:
        """Let time pass: every third pass is interrupted and takes ten times as long."""
        hold = 10 if len(self.seen) % 3 == 2 else 1
        self.seen.append((self.seconds, len(x), torch.get_num_threads(), self.training))
        self.clock.now += self.seconds * hold
        return x


@pytest.mark.parametrize("seconds", [0.125, 0.25, 0.5])
def test_networks_take_turns_on_one_thread(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, int, int, bool]] = []
    clock = Clock()
    monkeypatch.setattr(import_module("leastloss.evaluation.speed"), "time", clock)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        dense, pruned = Slow(0.004, clock, seen), Slow(0.001, clock, seen)
        found = speed(dense, pruned, torch.rand(3, 2), batch=8, seconds=seconds)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert found == pytest.approx(
        {
            "dense_latency_ms": 4.0,
            "latency_ms": 1.0,
            "dense_throughput": 8 / 0.004,
            "throughput": 8 / 0.001,
        }
    )
    assert {one[1:] for one in seen} == {(1, 1, False), (8, 1, False)}
    for batch in (1, 8):  # each begins its turns anew, however many rounds there was time for
        names = [one[0] for one in seen if one[1] == batch]
        rounds = list(zip(names[::2], names[1::2], strict=True))
        assert rounds == ([(0.001, 0.004), (0.004, 0.001)] * len(rounds))[: len(rounds)]
        assert len(rounds) >= 3 + 5


def test_where_time_is_up_only_the_least_rounds_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, int, int, bool]] = []
    clock = Clock()
    monkeypatch.setattr(import_module("leastloss.evaluation.speed"), "time", clock)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    speed(Slow(60.0, clock, seen), Slow(60.0, clock, seen), torch.rand(5, 2), seconds=0.02)
    assert len(seen) == 2 * 2 * (3 + 5)  # networks, sizes, rounds


def test_a_network_on_the_clock_of_the_wall(networks: dict[str, nn.Module]) -> None:
    net = networks["convnet"]
    found = speed(net, net, torch.rand(5, 1, 8, 8), seconds=0.02)
    assert all(value > 0 for value in found.values())
    assert not net.training


@pytest.mark.parametrize("options", [{"batch": 0}, {"seconds": 0.0}, {"x": torch.rand(0, 2)}])
def test_nothing_to_measure_is_refused(options: dict[str, object]) -> None:
    net = nn.Identity()
    with pytest.raises(InputError, match="all must be above 0"):
        speed(net, net, **({"x": torch.rand(1, 2)} | options))
