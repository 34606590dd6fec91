import pytest
import torch
from torch import Tensor, nn

from leastloss.activations import batches, class_shares, logits_of, observing
from leastloss.activations.observe import (
    BATCH,
    FEWEST_AT_ONCE,
    MAPS_BATCH,
    MOST_MAPS,
    MOST_ROWS,
    each_label,
)
from leastloss.data import IGNORED, Split, apart
from leastloss.errors import InputError

SPLIT = Split(torch.rand(6, 1, 2, 2), torch.tensor([0, 0, 0, 1, 1, 2]), 3, (2,))


def network() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 3))


def test_inputs_are_seen_and_outputs_can_be_derived_though_parameters_are_frozen() -> None:
    model, seen = network().requires_grad_(False), {}
    layers = {"first": model[1], "last": model[3]}
    with observing(layers, lambda name, x: seen.setdefault(name, x)) as outputs:
        model(SPLIT.x).sum().backward()
    assert torch.equal(seen["first"], SPLIT.x.flatten(1))
    assert torch.equal(seen["last"], outputs["first"].relu())  # as it was before the ReLU in place
    assert outputs["first"].grad is not None
    assert not any(layer._forward_hooks for layer in layers.values())


def test_hooks_go_when_the_network_fails_and_a_layer_may_run_once() -> None:
    layer = nn.Linear(2, 2)
    with (
        pytest.raises(InputError, match="layer 'only' runs twice"),
        observing({"only": layer}, lambda *_: None),
    ):
        layer(layer(torch.zeros(1, 2)))
    assert not layer._forward_hooks


@pytest.mark.parametrize(("size", "lengths"), [(4, [4, 2]), (None, [6])])
def test_batches_are_cut_in_order(size: int | None, lengths: list[int]) -> None:
    parts = list(batches(SPLIT, network(), size))
    assert [len(x) for x, _ in parts] == lengths
    assert torch.equal(torch.cat([y for _, y in parts]), SPLIT.y)


def test_batches_are_smaller_for_maps_and_for_many_results_at_once() -> None:
    many = Split(torch.zeros(BATCH + 1, 1, 2, 2), torch.zeros(BATCH + 1, dtype=torch.long), 1, ())
    maps = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Flatten())
    assert len(next(batches(many, network()))[0]) == BATCH
    assert len(next(batches(many, maps))[0]) == MAPS_BATCH
    assert len(next(batches(many, maps, at_once=16))[0]) == MOST_MAPS // 16
    assert len(next(batches(many, maps, at_once=1000))[0]) == FEWEST_AT_ONCE
    assert len(next(batches(many, network(), at_once=8))[0]) == MOST_ROWS // 8


@pytest.mark.parametrize(
    ("model", "x", "line"),
    [
        (nn.Identity(), torch.full((2, 3), float("nan")), "training samples are not finite"),
        (nn.Identity(), torch.zeros(2, 3, 1), r"returns \(2, 3, 1\) for 2 samples"),
        (nn.Softplus(beta=0), torch.zeros(2, 3), "logits are not finite"),
    ],
)
def test_what_no_logits_are_is_refused(model: nn.Module, x: Tensor, line: str) -> None:
    with pytest.raises(InputError, match=line):
        logits_of(model, x)


def test_shares_sum_to_one_over_the_samples() -> None:
    for balanced in (True, False):
        assert float(class_shares(SPLIT, balanced=balanced)[SPLIT.y].sum()) == pytest.approx(1)
    empty = Split(SPLIT.x, SPLIT.y, 4, ())
    with pytest.raises(InputError, match="class 3 has no training sample"):
        class_shares(empty, balanced=True)


def test_maps_of_one_label_are_made_by_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[int]()

    def counted(y: torch.Tensor, *where: torch.Tensor) -> torch.Tensor:
        maps = apart(y, *where)
        made.append(len(maps))
        return maps

    monkeypatch.setattr("leastloss.activations.observe.apart", counted)
    split = Split(torch.rand(2, 3, 4), torch.tensor([[0, 1, 1, 0], [1, IGNORED, 0, 0]]), 2, ())
    pairs = list(each_label(split, nn.Linear(1, 1)))
    assert made == [2, 2, 2, 1]
    assert torch.cat([y[y >= 0] for _, y in pairs]).tolist() == split.labels.tolist()
