"""Draws of training samples: how many, of what weight, and with which noise."""

import pytest
import torch
from tests.criteria.cases import CLASSES, COUNTS, NETWORKS, mlp, residual, shares, split

from leastloss.activations import Draws, draws, observe
from leastloss.data import Split
from leastloss.errors import InputError


@pytest.mark.parametrize("balanced", [True, False])
def test_all_samples_count_as_their_classes_say(balanced: bool) -> None:
    train = split()
    drawn = Draws().draw(train, mlp(), balanced=balanced)
    assert torch.equal(drawn.x, train.x)
    assert drawn.clean is drawn.x
    torch.testing.assert_close(drawn.weights, shares(train, balanced=balanced))
    assert float(drawn.weights.sum()) == pytest.approx(1)


@pytest.mark.parametrize("balanced", [True, False])
def test_what_is_left_of_a_class_stands_for_all_of_it(balanced: bool) -> None:
    train = split()
    drawn = Draws().draw(train, mlp(), balanced=balanced, most=4)
    labels = torch.tensor([train.y[(train.x == x).flatten(1).all(dim=1)][0] for x in drawn.x])
    assert torch.bincount(labels).tolist() == [4, 4, 2]
    totals = torch.zeros(CLASSES).double().index_add(0, labels, drawn.weights)
    counts = torch.tensor(COUNTS).double()
    expected = torch.full((CLASSES,), 1 / CLASSES).double() if balanced else counts / counts.sum()
    torch.testing.assert_close(totals, expected)
    again = Draws().draw(train, mlp(), balanced=balanced, most=4)
    assert torch.equal(again.x, drawn.x)


def test_networks_of_convolutions_read_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "PER_CLASS", 6)
    monkeypatch.setattr(observe, "OF_MAPS", 3 * CLASSES)
    monkeypatch.setattr(observe, "FEWEST", 1)
    assert len(Draws().draw(split(), mlp()).x) == 6 + 5 + 2
    assert len(Draws().draw(split(), residual()).x) == 3 + 3 + 2
    largest = 4 * 8 * split().x[0, 0].numel()  # four channels of the samples' size, float64
    monkeypatch.setattr(draws, "LIVE", 2 * largest * CLASSES)
    assert len(Draws().draw(split(), residual()).x) == 3 * 2
    assert len(Draws().draw(split(), residual(), most=3).x) == 3 + 3 + 2


def test_noise_doubles_the_samples_and_stays_in_their_range() -> None:
    train = split()
    drawn = Draws().draw(train, mlp(), noise=0.5)
    n = len(train)
    assert len(drawn.x) == len(drawn.clean) == len(drawn.weights) == 2 * n
    assert torch.equal(drawn.x[:n], train.x)
    assert torch.equal(drawn.clean, torch.cat([train.x, train.x]))
    assert float(drawn.weights.sum()) == pytest.approx(1)
    torch.testing.assert_close(drawn.weights[:n], drawn.weights[n:])
    noisy = drawn.x[n:]
    assert not torch.equal(noisy, train.x)
    assert noisy.min() >= train.x.min()
    assert noisy.max() <= train.x.max()
    small = Draws().draw(train, mlp(), noise=0.01)
    assert float((small.x[n:] - train.x).std()) == pytest.approx(0.01, rel=0.2)
    assert torch.equal(Draws().draw(train, mlp(), noise=0.5).x, drawn.x)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"noise": -0.1}, "noise is -0.1"),
        ({"noise": float("nan")}, "noise is nan"),
        ({"noise": float("inf")}, "noise is inf"),
        ({"most": -1}, "most -1"),
    ],
)
def test_bad_options_are_named(options: dict[str, float], line: str) -> None:
    with pytest.raises(InputError, match=line):
        Draws().draw(split(), mlp(), **options)  # type: ignore[arg-type]  # one of two types


def test_bad_data_is_named() -> None:
    with pytest.raises(InputError, match="class 0 has no training sample"):
        Draws().draw(Split(split().x, split().y.clamp(min=1), CLASSES, ()), mlp())
    endless = split()
    endless.x[3, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match="training samples are not finite"):
        Draws().draw(endless, mlp())


def test_a_draw_is_made_once_and_with_each_draws_alike() -> None:
    train, net, path = split(), mlp(), Draws()
    first = path.draw(train, net)
    assert path.draw(train, net) is first
    assert path.draw(train, net, balanced=False) is not first
    assert path.draw(split(), net) is not first
    other = Draws().draw(train, net)
    assert other is not first
    assert torch.equal(other.x, first.x)
    assert torch.equal(other.weights, first.weights)


def test_batches_follow_the_kind_of_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "BATCH", 7)
    monkeypatch.setattr(observe, "MAPS_BATCH", 5)
    drawn = Draws().draw(split(), mlp())
    for make, size in ((NETWORKS[0], 7), (NETWORKS[2], 5)):
        pieces = [len(drawn.x[piece]) for piece in drawn.batches(make())]
        assert pieces == [min(size, 16 - start) for start in range(0, 16, size)]
