"""A small network for segmentation: trained, pruned, repaired, tried under noise, exported."""

import warnings

import numpy as np
import pytest
import torch
from tests.data.map_cases import scenes, segmenter
from torch import nn

import leastloss as ll
from leastloss.errors import InputError


@pytest.fixture(scope="module")
def data() -> ll.Data:
    return ll.Data.from_tensors(scenes(), name="scenes")


@pytest.fixture(scope="module")
def trained(data: ll.Data) -> nn.Module:
    model = segmenter()
    history = ll.fit(model, data, epochs=25, lr=0.02, batch_size=4, progress=False)
    assert history["val_accuracy"].iloc[-1] > 0.97
    return model


@pytest.mark.parametrize("loss", ["balanced", "logit-adjusted"])
def test_losses_for_rare_classes_find_the_rare_pixels(data: ll.Data, loss: str) -> None:
    model = segmenter()
    ll.fit(model, data, epochs=15, lr=0.02, batch_size=8, loss=loss, progress=False)
    assert ll.evaluate(model, data.test)["minority_recall"] > 0.8


def test_steps_count_pixels(trained: nn.Module, data: ll.Data) -> None:
    path = ll.prune(trained, data, "nc", sparsities=[0.3, 0.6], noise=["gaussian:2"])
    test, step = data.test, path.steps[0]
    guess = trained(test.x).argmax(1)[test.y >= 0]
    assert step.metrics["accuracy"] == float((guess == test.labels).double().mean())
    rare = test.labels == 2
    assert step.metrics["minority_recall"] == float((guess[rare] == 2).double().mean())
    assert np.array_equal(path.dense_predicted, guess.numpy())
    assert path.predictions().shape == (3, 63 * len(test))
    assert 0 < path.steps[-1].metrics["gaussian2_accuracy"] <= 1
    assert path.steps[-1].metrics["accuracy"] > 0.9


@pytest.mark.parametrize("recovery", ["none", "recalibrate", "compensate", "finetune:epochs=1"])
@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_repairs(trained: nn.Module, data: ll.Data, recovery: str, granularity: str) -> None:
    path = ll.prune(
        trained, data, "nc", granularity=granularity, sparsities=[0.4], recovery=recovery
    )
    assert path.steps[-1].metrics["accuracy"] > 0.5


def test_adjust_shifts_by_the_counts_of_pixels(trained: nn.Module, data: ll.Data) -> None:
    shift = ll.logit_adjusted(trained, data)(data.test.x[:1]) - trained(data.test.x[:1])
    share = data.train.counts() / data.train.counts().sum()
    assert np.allclose(shift.detach()[0, :, 0, 0].numpy(), -np.log(share), atol=1e-4)


def test_a_repair_of_whole_samples_is_refused(trained: nn.Module, data: ll.Data) -> None:
    with pytest.raises(InputError, match="repair with compensate, recalibrate or finetune"):
        ll.prune(trained, data, "magnitude", sparsities=[0.5], recovery="refit")


def test_noise_counts_pixels_and_moves_no_image(trained: nn.Module, data: ll.Data) -> None:
    table = ll.robustness(trained, data.test, severities=[1], attacks=["fgsm"])
    assert table["accuracy"].iloc[0] == ll.evaluate(trained, data.test)["accuracy"]
    assert not {"rotation", "translation"} & set(table["corruption"])
    assert {"fgsm", "gaussian", "occlusion"} < set(table["corruption"])
    for call in (
        lambda: ll.robustness(trained, data.test, corruptions=["rotation"], severities=[1]),
        lambda: ll.prune(trained, data, "magnitude", sparsities=[0.5], noise=["translation:1"]),
    ):
        with pytest.raises(InputError, match="moves images and not the maps of their labels"):
            call()


def test_images_are_not_moved_in_training(data: ll.Data) -> None:
    with pytest.raises(InputError, match="augment is 'flip'"):
        ll.fit(segmenter(), data, epochs=1, augment="flip")


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), r"logits of shape \(2, classes, 8, 8\)"),
        (nn.Conv2d(1, 3, 3, stride=2), r"logits of shape \(2, classes, 8, 8\)"),
        (nn.Conv2d(1, 4, 1), "logits have 4 columns; there are 3 classes"),
    ],
)
def test_a_network_of_other_outputs(data: ll.Data, network: nn.Module, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ll.prune(network, data, "magnitude", sparsities=[0.5])


def test_one_logit_a_pixel_and_an_upsampled_head(data: ll.Data) -> None:
    x, y = scenes()
    two = ll.Data.from_tensors((x, y.masked_fill(y == 2, 1)))
    model = ll.Adapted(
        nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(4, 1, 1),
            nn.Upsample(scale_factor=2),
        ),
        binary=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ll.fit(model, two, epochs=2, progress=False)
    for granularity in ("weight", "unit"):
        path = ll.prune(model, two, "nc", granularity=granularity, sparsities=[0.5])
        assert "nc1" in path.steps[-1].metrics


def test_a_label_for_each_token() -> None:
    draws = torch.Generator().manual_seed(0)
    tokens = torch.randint(1, 12, (60, 6), generator=draws)
    tags = (tokens > 6).long() + (tokens == 11).long()
    tags[:, -1] = -1

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.hidden = nn.Embedding(12, 6), nn.Linear(6, 8)
            self.head = nn.Linear(8, 3)

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            logits = self.head(self.hidden(self.words(x)).relu())  # (n, steps, classes)
            return {"logits": logits.movedim(-1, 1)}

    model = ll.Adapted(Tagger(), integers=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ll.fit(model, (tokens, tags), epochs=20, lr=0.03, batch_size=8, progress=False)
        for criterion in ("nc", "taylor", "wanda"):
            path = ll.prune(model, (tokens, tags), criterion, sparsities=[0.3])
            assert path.steps[0].metrics["accuracy"] > 0.9
        units = ll.prune(model, (tokens, tags), "nc", sparsities=[0.3], granularity="unit")
    assert units.steps[-1].metrics["nc1"] >= 0
