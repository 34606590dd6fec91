"""What a card says is measured on the network that is exported."""

import pytest
import torch

import leastloss as ll
from leastloss.deploy import ExportedNetwork
from leastloss.deploy.card_facts import card_of
from leastloss.evaluation import evaluate


def test_recall_before_and_after_are_of_the_two_networks() -> None:
    data = ll.load_data("digits", imbalance="exp", ratio=5, seed=0)
    dense, pruned = (ll.MLP(data.features, (6,), data.classes) for _ in range(2))
    network = ExportedNetwork(
        model=pruned,
        dense=dense,
        x=data.test.x[:4],
        sparsity=0.5,
        data=data,
        noise={"gaussian, severity 3": {"accuracy": 0.25}},
    )
    card = card_of(network, pruned, license="MIT", sizes={"model.pt2": 3}, speed=[])
    before, after = evaluate(dense, data.test), evaluate(pruned, data.test)
    for label, row in enumerate(card.classes):
        assert row.before == before[f"recall_class_{label}"]
        assert row.after == after[f"recall_class_{label}"]
    assert card.overall["minority recall"] == (
        pytest.approx(before["minority_recall"]),
        pytest.approx(after["minority_recall"]),
    )
    assert card.title == "MLP"
    assert card.about["input"] == "float32, shape (n, 1, 8, 8)"
    assert "compacted" not in card.about
    assert list(card.sizes) == ["dense network, safetensors", "model.pt2"]
    assert card.noise == network.noise


def test_without_data_a_card_has_no_classes() -> None:
    net = ll.MLP(4, (3,), 2)
    card = card_of(
        ExportedNetwork(model=net, dense=net, x=torch.rand(3, 4)),
        ll.MLP(4, (2,), 2),
        license="",
        sizes={},
        speed=[],
    )
    assert not card.classes
    assert "the logits are the same" in card.about["compacted"]
