"""What a path says of its extremes, and that no column lacks where there is nothing to measure."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.pruning import shuffled
from leastloss.pruning.extremes import remarks_on

X = torch.rand(200, 6, generator=torch.Generator().manual_seed(0))
Y = X[:, :4].argmax(dim=1)
DATA = ll.Data.from_tensors((X, Y))


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 4))
    ll.fit(net, DATA, epochs=60, lr=0.02, progress=False)
    return net


def test_an_ordinary_path_has_nothing_to_remark(model: nn.Module) -> None:
    assert ll.prune(model, DATA, "nc", to_sparsity=0.3, steps=1, progress=False).remarks == ()


def test_classes_that_are_never_predicted_from_a_step_on_are_named(model: nn.Module) -> None:
    path = ll.prune(model, DATA, "magnitude", sparsities=[0.5, 0.6, 0.8], progress=False)
    every = np.arange(40) % 4
    labels = [every, every % 3, np.where(every == 1, 0, every), every * 0]  # 3 comes back
    steps = [replace(step, predicted=y) for step, y in zip(path.steps, labels, strict=True)]
    told = replace(path, steps=tuple(steps), dense_predicted=every)
    assert remarks_on(told, DATA.test) == (
        "no longer predicted: class 1 from sparsity 0.6 on, classes 2 and 3 from sparsity 0.8 on",
    )
    seldom = replace(told, dense_predicted=every % 2)  # the others were never predicted
    assert remarks_on(seldom, DATA.test) == ("no longer predicted: class 1 from sparsity 0.6 on",)


def test_a_shuffled_path_has_remarks_of_its_own(model: nn.Module) -> None:
    options = {"sparsities": [0.2, 0.98], "recovery": "none", "progress": False}
    path = ll.prune(model, DATA, "magnitude", **options)
    for found in (path, shuffled(path, DATA)):
        assert len(set(found.predictions()[-1].tolist())) < 4
        assert "no longer predicted: class" in found.remarks[0]


def test_a_class_that_the_dense_network_never_predicts_is_not_lost() -> None:
    net = nn.Sequential(nn.Linear(6, 4))
    nn.init.constant_(net[0].bias, 0.0)
    with torch.no_grad():
        net[0].bias[3] = -50.0
    path = ll.prune(net, DATA, "random", to_sparsity=0.9, recovery="none", progress=False)
    assert not any("class 3" in remark or "and 3" in remark for remark in path.remarks)


def test_a_class_without_test_samples_is_told_and_its_columns_are_nan(model: nn.Module) -> None:
    later = torch.arange(len(Y)) >= 140
    common = later & (Y != 3)
    test = (X[common], Y[common])
    data = ll.Data.from_tensors((X[~later], Y[~later]), test=test, minority=[3])
    path = ll.prune(model, data, "magnitude", to_sparsity=0.5, steps=2, progress=False)
    table = path.table()
    assert table[["minority_recall", "recall_class_3"]].isna().all(axis=None)
    assert table[["recall_class_0", "accuracy", "val_minority_recall"]].notna().all(axis=None)
    told = "without a test sample: class 3; recall is NaN, and so is minority_recall"
    assert told in path.remarks
    assert isnan(ll.evaluate(model, data.test)["minority_recall"])


def test_matrices_that_stay_dense_are_named(model: nn.Module) -> None:
    path = ll.prune(model, DATA, "magnitude", layers=["2"], to_sparsity=0.5, progress=False)
    assert path.remarks[0] == "0.6 of the network's weights stay dense: 0.weight"
    row = path.table().iloc[-1]
    assert row["weight_sparsity"] == pytest.approx(0.5)
    assert row["network_sparsity"] == pytest.approx(0.2)


class Norms(nn.Module):
    """A layer, BatchNorm whose statistics are the caller's, and a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Linear(64, 16), nn.BatchNorm1d(16)
        self.head = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.norm(self.first(x.flatten(1))).relu())
        return out


def test_a_repair_that_harms_the_dense_network_is_named() -> None:
    data = ll.load_data("digits", seed=0)
    model = Norms()
    ll.fit(model, data, epochs=3, progress=False)
    with torch.no_grad():  # a trained network whose statistics are not those of its data
        model.norm.running_mean.add_(2.0)
        model.first.bias.add_(2.0)
        model.first.weight[:8].mul_(4.0)
        model.norm.running_var[:8].mul_(16.0)
        model.head.weight[:, :8].mul_(0.1)
    options = {"sparsities": [0.5], "progress": False}
    fine = ll.prune(model, data, "magnitude", recovery="compensate", **options)
    assert not [remark for remark in fine.remarks if "harms" in remark]
    data.train.x[:] = data.train.x.flip(0) * 0.01  # what recalibration reads is something else
    harmed = ll.prune(model, data, "magnitude", recovery="recalibrate", **options)
    accuracy = harmed.table()["val_accuracy"][0]
    (remark,) = [remark for remark in harmed.remarks if "harms" in remark]
    assert remark.startswith("repair 'recalibrate' harms the dense network, before any removal")
    assert f"to {accuracy:.3f}; all later steps" in remark


def test_batch_norms_without_data_are_named() -> None:
    data = ll.load_data("digits", seed=0)
    path = ll.prune(Norms(), data, "magnitude", sparsities=[0.5], progress=False)
    assert [remark for remark in path.remarks if "'norm' never saw data" in remark]
