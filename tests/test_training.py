import warnings
from pathlib import Path

import pandas as pd
import pytest
import torch
from tests.zero_cases import DATA, count, holds, network
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import MLP
from leastloss.training import fit


def _mlp() -> MLP:
    return MLP(64, (16,), 10, generator=torch.Generator().manual_seed(0))


def test_training_learns_and_is_repeatable(data: Data) -> None:
    runs = [
        fit(model := _mlp(), data, epochs=12, lr=1e-2, seed=1, progress=False) for _ in range(2)
    ]
    pd.testing.assert_frame_equal(runs[0].drop(columns="seconds"), runs[1].drop(columns="seconds"))
    assert runs[0]["train_loss"].iloc[-1] < 0.5 * runs[0]["train_loss"].iloc[0]
    assert not model.training


def test_what_is_said_after_an_epoch_joins_its_row_and_changes_nothing(data: Data) -> None:
    seen = []

    def look(epoch: int, network: nn.Module) -> dict[str, float]:
        seen.append(epoch)
        torch.rand(3)  # the global generator is not what training draws from
        return {"size": sum(p.detach().norm().item() for p in network.parameters())}

    plain = fit(_mlp(), data, epochs=3, progress=False)
    told = fit(_mlp(), data, epochs=3, progress=False, on_epoch=look)
    assert seen == [1, 2, 3]
    assert told["size"].nunique() == 3
    same = [name for name in plain.columns if name != "seconds"]
    pd.testing.assert_frame_equal(told[same], plain[same])


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"patience": 0},
        {"batch_size": 1},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"lr": 1e30},
        {"epochs": 10**20},
    ],
)
def test_bad_arguments_are_refused(wrong: dict[str, float], data: Data) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        fit(_mlp(), data, progress=False, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_fit_holds_the_zeros_of_a_loaded_state_and_says_so(reloaded: nn.Sequential) -> None:
    net = network()
    net.load_state_dict(reloaded.state_dict())
    with pytest.warns(UserWarning, match="40 of 100 weights are zero already") as told:
        ll.fit(net, DATA, epochs=3, lr=0.05, progress=False)
    assert len(told) == 1
    assert Path(told[0].filename).name == Path(__file__).name
    assert count(net) == 40
    assert holds(net, reloaded)
    assert not any("mask" in name for name, _ in net.named_buffers())  # no trace
    ll.fit(net, DATA, epochs=3, lr=0.05, zeros="free", progress=False)
    assert count(net) < 20  # but those of units that are off altogether


def test_a_new_network_is_fitted_without_a_word() -> None:
    net = network()
    nn.init.zeros_(net[2].weight)  # a fresh head
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ll.fit(net, DATA, epochs=1, progress=False)
    assert count(net[2]) < 40 == net[2].weight.numel()
