"""One epoch after the other: batches, windows, the best weights."""

import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.epochs import batches, train_epoch
from leastloss.errors import ResourceError
from leastloss.models import MLP, BinarizedMLP
from leastloss.models.layers import watch_flips
from leastloss.seeds import torch_stream
from leastloss.training import fit


def _mlp() -> MLP:
    return MLP(64, (16,), 10, generator=torch.Generator().manual_seed(0))


def _loss(model: nn.Module, data: Data) -> float:
    with torch.no_grad():
        return nn.functional.cross_entropy(model(data.val.x), data.val.y).item()


def test_dropout_is_seeded_too(data: Data) -> None:
    def trained() -> torch.Tensor:
        layer = nn.Linear(64, 10)
        with torch.no_grad():
            layer.weight.normal_(generator=torch.Generator().manual_seed(0))
            layer.bias.zero_()
        ll.fit(nn.Sequential(nn.Flatten(), nn.Dropout(0.5), layer), data, epochs=2, progress=False)
        return layer.weight.detach()

    assert torch.equal(trained(), trained())


def test_the_best_weights_come_back_not_the_last(data: Data) -> None:
    # Patience has run out, so the last epochs were worse than the best one.
    model = _mlp()
    history = fit(model, data, epochs=200, patience=5, lr=0.1, progress=False)
    assert history["val_loss"].iloc[-1] > history["val_loss"].min()
    assert _loss(model, data) == pytest.approx(history["val_loss"].min(), rel=1e-5)


def test_it_stops_after_patience_epochs_without_a_gain(data: Data) -> None:
    history = fit(_mlp(), data, epochs=200, patience=3, lr=0.1, progress=False)
    best = int(history["val_loss"].idxmin())
    assert len(history) == best + 1 + 3


def test_latent_weights_stay_in_the_window(data: Data) -> None:
    model = BinarizedMLP(64, (8,), 10)
    fit(model, data, epochs=3, lr=0.5, progress=False)
    weights = [
        p for n, p in model.named_parameters() if n in ("layers.0.weight", "layers.3.weight")
    ]
    assert len(weights) == 2
    assert all(weight.abs().max() <= 1 for weight in weights)


def test_flips_are_those_of_the_best_epoch(data: Data) -> None:
    model = BinarizedMLP(64, (8,), 10, generator=torch.Generator().manual_seed(0))
    twin = BinarizedMLP(64, (8,), 10, generator=torch.Generator().manual_seed(0))
    history = fit(model, data, epochs=40, patience=3, lr=0.05, progress=False)
    best = int(history["val_loss"].idxmin()) + 1
    assert best < len(history)
    watch_flips(twin)
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=40)
    generator = torch_stream(0, "batches")
    for _ in range(best):
        train_epoch(twin, data.train, optimizer, 64, generator, nn.functional.cross_entropy, {})
        schedule.step()
    counts = model.state_dict()["layers.0.flips"]
    assert 0 < counts.max() <= best * -(-len(data.train) // 64)
    assert torch.equal(counts, twin.state_dict()["layers.0.flips"])


def test_batches_cover_the_split_once_and_none_is_single(data: Data) -> None:
    size = len(data.train) - 1
    seen = list(batches(data.train, size, torch_stream(0, "batches")))
    assert [len(y) for _, y in seen] == [size + 1]
    seen = list(batches(data.train, 7, torch_stream(0, "batches")))
    assert sum(len(y) for _, y in seen) == len(data.train)
    assert torch.cat([x for x, _ in seen]).sum() == pytest.approx(
        float(data.train.x.sum()), rel=1e-5
    )


def test_a_diverging_loss_is_one_clear_line(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leastloss.epochs.train_epoch", lambda *_: float("nan"))
    with pytest.raises(ResourceError, match="diverged in epoch 1"):
        fit(_mlp(), data, epochs=50, progress=False)


def test_sgd_ends_with_its_cycle_and_is_repeatable() -> None:
    x, y = torch.rand(40, 1, 8, 8), torch.arange(40) % 2
    states = []
    for _ in range(2):
        network = ll.ResNet((1, 8, 8), 1, 2, generator=torch.Generator().manual_seed(0))
        history = fit(
            network,
            (x, y),
            optimizer="sgd:epochs=3",
            augment="flip+crop",
            batch_size=8,
            progress=False,
        )
        states.append(network.state_dict())
    assert list(history["epoch"]) == [1, 2, 3]
    assert history["lr"].iloc[-1] < history["lr"].max() / 3
    assert all(torch.equal(states[0][name], value) for name, value in states[1].items())


def test_augmentation_changes_what_is_learned_and_not_what_is_measured() -> None:
    x, y = torch.rand(40, 1, 8, 8), torch.arange(40) % 2
    networks = [MLP(64, (4,), 2, generator=torch.Generator().manual_seed(0)) for _ in range(2)]
    for network, augment in zip(networks, ("none", "crop"), strict=True):
        fit(network, (x, y), epochs=1, augment=augment, progress=False)
    assert not torch.equal(networks[0].layers[0].weight, networks[1].layers[0].weight)
