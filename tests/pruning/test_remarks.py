"""What a path says of its extremes, and that no column lacks where there is nothing to measure."""

from math import isnan

import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.pruning import shuffled

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
    options = {"sparsities": [0.2, 0.97, 0.98], "recovery": "none", "progress": False}
    for path in (
        found := ll.prune(model, DATA, "magnitude", **options),
        shuffled(found, DATA),
    ):
        labels = [set(row.tolist()) for row in path.predictions()]
        assert labels[0] == {0, 1, 2, 3}
        lost = labels[0] - labels[2] - labels[3]
        assert lost
        said = [remark for remark in path.remarks if "never predicted" in remark]
        assert f"never predicted from sparsity {path.table()['sparsity'][2]:.4g} on" in said[0]
        for label in range(4):
            assert any(str(label) in one.split(" never")[0] for one in said) == (
                label not in labels[-1]
            )


def test_a_class_that_the_dense_network_never_predicts_is_not_lost() -> None:
    net = nn.Sequential(nn.Linear(6, 4))
    nn.init.constant_(net[0].bias, 0.0)
    with torch.no_grad():
        net[0].bias[3] = -50.0
    path = ll.prune(net, DATA, "random", to_sparsity=0.9, recovery="none", progress=False)
    assert not any("3" in remark.split(" never")[0] for remark in path.remarks)


def test_a_class_without_test_samples_is_told_and_its_columns_are_nan(model: nn.Module) -> None:
    common, rare = Y != 3, Y == 3
    data = ll.Data.from_tensors((X, Y), test=(X[common], Y[common]), minority=[3])
    assert int(rare.sum()) > 3
    path = ll.prune(model, data, "magnitude", to_sparsity=0.5, steps=2, progress=False)
    table = path.table()
    assert table[["minority_recall", "recall_class_3"]].isna().all(axis=None)
    assert table[["recall_class_0", "accuracy", "val_minority_recall"]].notna().all(axis=None)
    told = "class 3 is without a test sample, so that recall is NaN; minority_recall is NaN, too"
    assert told in path.remarks
    assert isnan(ll.evaluate(model, data.test)["minority_recall"])


def test_matrices_that_stay_dense_are_named(model: nn.Module) -> None:
    path = ll.prune(model, DATA, "magnitude", layers=["2"], to_sparsity=0.5, progress=False)
    assert path.remarks[0] == "0.6 of the network's weights stay dense: 0.weight"
    row = path.table().iloc[-1]
    assert row["weight_sparsity"] == pytest.approx(0.5)
    assert row["network_sparsity"] == pytest.approx(0.2)
