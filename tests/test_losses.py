"""Losses against their definitions, and what training with them does."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import leastloss as ll
from leastloss.data import Data, Split
from leastloss.errors import InputError
from leastloss.losses import LOSSES, class_weights, log_priors, training_loss, validation_weights
from leastloss.training import fit


@pytest.fixture
def split() -> Split:
    labels = torch.tensor([0] * 12 + [1] * 3 + [2])
    return Split(torch.zeros(16, 1), labels, 3, (2,))


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(16, 3, generator=torch.Generator().manual_seed(0))


def test_balanced_is_the_mean_of_the_classes_means(split: Split, logits: torch.Tensor) -> None:
    each = functional.cross_entropy(logits, split.y, reduction="none")
    mean = torch.stack([each[split.y == k].mean() for k in range(3)]).mean()
    assert training_loss("balanced", split)(logits, split.y) == pytest.approx(mean.item())
    # Over batches of any composition, too: their mean is that of the whole.
    loss = training_loss("balanced", split)
    parts = [loss(logits[i : i + 4], split.y[i : i + 4]) for i in range(0, 16, 4)]
    assert torch.stack(parts).mean().item() == pytest.approx(mean.item(), rel=1e-6)


def test_logit_adjusted_adds_the_prior(split: Split, logits: torch.Tensor) -> None:
    odds = logits.exp() * torch.tensor([12 / 16, 3 / 16, 1 / 16])
    expected = -(odds / odds.sum(1, keepdim=True)).log()[range(16), split.y].mean()
    found = training_loss("logit-adjusted", split)(logits, split.y)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_with_equal_classes_all_losses_are_one(name: str, logits: torch.Tensor) -> None:
    even = Split(torch.zeros(15, 1), torch.arange(15) % 3, 3, ())
    plain = functional.cross_entropy(logits[:15], even.y)
    assert training_loss(name, even)(logits[:15], even.y).item() == pytest.approx(plain.item())


def test_a_class_without_samples() -> None:
    split = Split(torch.zeros(4, 1), torch.tensor([0, 0, 0, 2]), 3, ())
    assert class_weights(split).tolist() == pytest.approx([4 / 6, 0, 2])
    with pytest.raises(InputError, match="class 1 has no sample"):
        log_priors(split)


def test_validation_follows_the_classes_too(split: Split) -> None:
    assert validation_weights("plain", split) is None
    weights = validation_weights("logit-adjusted", split)
    assert weights is not None
    assert weights.tolist() == pytest.approx([16 / 36, 16 / 9, 16 / 3])


@pytest.mark.parametrize("loss", ["balanced", "logit-adjusted"])
def test_training_with_it_helps_the_rare_classes(loss: str) -> None:
    data = ll.load_data("digits", imbalance="step", ratio=20, seed=1)
    recalls = []
    for name in ("plain", loss):
        model = ll.MLP(64, (16,), 10, generator=torch.Generator().manual_seed(0))
        fit(model, data, epochs=20, lr=3e-3, loss=name, progress=False)
        recalls.append(ll.evaluate(model, data.test)["minority_recall"])
    assert recalls[1] > recalls[0] + 0.1


def test_the_validation_loss_that_stops_is_balanced(data: Data) -> None:
    keep = torch.from_numpy(np.flatnonzero(data.val.y.numpy() < 5)[:20])
    rare = torch.from_numpy(np.flatnonzero(data.val.y.numpy() == 9)[:1])
    val = data.val.subset(torch.cat([keep, rare]))
    model = ll.MLP(64, (8,), 10, generator=torch.Generator().manual_seed(0))
    states: list[nn.Module] = []
    history = fit(
        model,
        replace(data, val=val),
        epochs=1,
        loss="balanced",
        progress=False,
        on_epoch=lambda epoch, net: states.append(copy.deepcopy(net)) or {},
    )
    with torch.no_grad():
        each = functional.cross_entropy(states[0](val.x), val.y, reduction="none")
    means = [each[val.y == k].mean().item() for k in val.y.unique()]
    assert history["val_loss"][0] == pytest.approx(np.mean(means), rel=1e-5)


def test_an_unknown_loss_is_refused_at_once(data: Data, networks: dict[str, nn.Module]) -> None:
    with pytest.raises(InputError, match="unknown loss 'focal'"):
        fit(networks["mlp"], data, loss="focal", progress=False)
