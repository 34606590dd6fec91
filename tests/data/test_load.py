import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import interpolate

from leastloss.data import Data, load_data
from leastloss.errors import InputError


def test_digits_are_all_there_and_in_unit_range():
    data = load_data()
    assert [len(split) for split in (data.train, data.val, data.test)] == [1078, 360, 359]
    everything = torch.cat([data.train.x, data.val.x, data.test.x]).flatten(1).numpy() * 16
    assert sorted(everything.tolist()) == sorted(load_digits().data.tolist())
    assert (data.shape, data.features, data.classes) == ((1, 8, 8), 64, 10)
    assert data.train.x.dtype == torch.float32


def test_labels_belong_to_their_images():
    data, published = load_data(), load_digits()
    label_of = {
        tuple(row): label for row, label in zip(published.data, published.target, strict=True)
    }
    for split in (data.train, data.val, data.test):
        pictures = (split.x.flatten(1) * 16).tolist()
        assert [label_of[tuple(row)] for row in pictures] == split.y.tolist()


def test_every_split_is_stratified_within_one():
    data = load_data(seed=3)
    total = np.bincount(load_digits().target)
    for split in (data.train, data.val, data.test):
        assert (np.abs(split.counts() - total * len(split) / total.sum()) <= 1.5).all()


RECIPES = [
    {},
    {"seed": 11, "size": 10},
    {"imbalance": "exp", "ratio": 20},
    {"imbalance": "step", "ratio": 7.5, "subset": 0.5, "replicate": 2},
    {"imbalance": "named", "rare": (2, 1), "share": 0.1},
]


@pytest.mark.parametrize("options", RECIPES)
def test_the_recipe_makes_the_same_data_bit_for_bit(options):
    data = load_data(**options)
    recipe = json.loads(json.dumps(data.recipe))
    assert recipe == data.recipe
    again = load_data(**recipe)
    assert again.summary() == data.summary()
    assert again.recipe == data.recipe


def digests(data: Data) -> list[str]:
    return [split.digest() for split in (data.train, data.val, data.test)]


@pytest.mark.parametrize("options", RECIPES[2:])
def test_validation_and_test_keep_their_natural_balance_if_asked_to(options):
    plain = digests(load_data(seed=4))
    skewed = digests(load_data(seed=4, validation="balanced", **options))
    assert plain[1:] == skewed[1:]
    assert plain[0] != skewed[0]


@pytest.mark.parametrize("options", RECIPES[2:])
def test_validation_is_as_rare_as_training_and_nothing_else_moves(options):
    data, before = load_data(**options), load_data(**options, validation="balanced")
    assert digests(data)[0::2] == digests(before)[0::2]
    assert set(map(str, data.val.x)) < set(map(str, before.val.x))
    whole = load_data(subset=options.get("subset", 1), replicate=options.get("replicate", 0))
    share = data.train.counts() / whole.train.counts()
    exact = share * before.val.counts()
    assert data.val.counts().min() >= 1
    assert (np.abs(data.val.counts() - np.maximum(exact, 1)) <= 0.5).all()


def test_validation_stays_whole_without_a_profile():
    assert digests(load_data(seed=2)) == digests(load_data(seed=2, validation="balanced"))


def pictures(data: Data) -> set[tuple[float, ...]]:
    return {tuple(row) for row in data.train.x.flatten(1).tolist()}


def test_what_imbalance_and_subset_leave_is_part_of_the_training_split():
    whole = pictures(load_data())
    assert pictures(load_data(imbalance="exp")) < whole
    replicates = [pictures(load_data(subset=0.5, replicate=number)) for number in range(3)]
    assert all(replicate < whole for replicate in replicates)
    assert len({frozenset(replicate) for replicate in replicates}) == 3


def test_another_seed_is_another_draw():
    assert len({tuple(digests(load_data(seed=seed))) for seed in range(5)}) == 5


def test_profiles_meet_their_counts():
    assert load_data(imbalance="step", ratio=20).train.counts().tolist() == [107] * 5 + [5] * 5
    plain = load_data().train.counts()
    named = load_data(imbalance="named", rare=[1, 3], share=0.1)
    plain[[1, 3]] = plain[[1, 3]] // 10
    assert named.train.counts().tolist() == plain.tolist()
    assert named.minority == (1, 3)


def test_the_minority_is_the_same_in_every_split():
    data = load_data(imbalance="exp")
    assert data.train.minority == data.val.minority == data.test.minority == (7, 8, 9)


def test_resizing_is_antialiased_bilinear_in_unit_range():
    small, large = load_data(size=4), load_data(size=10)
    assert small.shape == (1, 4, 4)
    assert large.shape == (1, 10, 10)
    assert large.train.x.min() >= 0
    assert large.train.x.max() <= 1
    one = interpolate(load_data().val.x[:1], (4, 4), mode="bilinear", antialias=True)
    assert torch.allclose(small.val.x[:1], one)
    # Antialiasing averages, so the mean brightness stays (but for the dark rims, which weigh less).
    brightness = load_data().test.x.mean().item()
    assert small.test.x.mean().item() == pytest.approx(brightness, rel=0.04)
    assert large.test.x.mean().item() == pytest.approx(brightness, rel=0.005)
    assert digests(load_data(size=8)) == digests(load_data())


def test_the_same_code_reads_the_whole_mnist_family(mnist_like):
    name, root = mnist_like
    data = load_data(name, data_dir=root, download=False)
    assert [len(split) for split in (data.train, data.val, data.test)] == [360, 40, 100]
    assert data.train.counts().tolist() == [36] * 10
    assert data.shape == (1, 28, 28)
    assert data.train.x.max() == 1
    skewed = load_data(name, data_dir=root, imbalance="exp", ratio=36, size=10)
    assert skewed.train.counts()[[0, 9]].tolist() == [36, 1]
    assert skewed.shape == (1, 10, 10)


def test_cifar10_has_colour(cifar_like):
    data = load_data("cifar10", data_dir=cifar_like, download=False)
    assert [len(split) for split in (data.train, data.val, data.test)] == [180, 20, 40]
    assert (data.shape, data.features) == ((3, 32, 32), 3072)
    raw = np.random.default_rng(0).integers(0, 256, (40, 3072), dtype=np.uint8)
    first = {tuple(row) for row in (data.train.x.flatten(1) * 255).round().int().tolist()}
    first |= {tuple(row) for row in (data.val.x.flatten(1) * 255).round().int().tolist()}
    assert {tuple(row) for row in raw.tolist()} < first


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "minst"}, "unknown data set 'minst'; did you mean 'mnist'.*cifar10"),
        ({"size": 1}, r"size is 1; it must be an integer in 2\.\.256"),
        ({"size": 10_000}, "size is 10000"),
        ({"size": 10.0}, "size is 10.0"),
        ({"validation": "even"}, "unknown validation 'even'; there are: training, balanced"),
        ({"imbalance": "expo"}, "unknown imbalance profile 'expo'; did you mean 'exp'"),
        ({"imbalance": "exp", "ratio": 0.5}, "ratio is 0.5"),
        ({"imbalance": "exp", "ratio": 1000}, "would leave class 7 empty"),
        ({"imbalance": "named", "rare": [10], "share": 0.1}, "a class in rare is 10"),
        ({"subset": 0.0}, "subset is 0.0"),
        ({"subset": 0.001}, "would leave class . .* empty"),
        ({"replicate": 1}, "subset must be below 1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_requests_that_cannot_be(options, words):
    with pytest.raises(InputError, match=words) as caught:
        load_data(**options)
    assert "\n" not in str(caught.value)


def test_a_typing_error_is_told_before_any_download(tmp_path):
    with pytest.raises(InputError, match="unknown imbalance profile"):
        load_data("kmnist", data_dir=tmp_path, imbalance="tail")
    assert not list(tmp_path.iterdir())


def find_real_data() -> Path | None:
    places = (os.environ.get("LEASTLOSS_DATA"), "data", "../shared/data")
    found = [Path(place) for place in places if place and (Path(place) / "MNIST/raw").is_dir()]
    return found[0] if found else None


def test_the_published_mnist():
    root = find_real_data()
    if root is None:
        pytest.skip("needs the MNIST files; every line is also tested on small ones of our making")
    data = load_data("mnist", data_dir=root, download=False)
    assert [len(split) for split in (data.train, data.val, data.test)] == [54_000, 6_000, 10_000]
    known = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.test.counts().tolist() == known
    skewed = load_data("mnist", data_dir=root, download=False, imbalance="exp", ratio=100)
    assert skewed.train.counts()[[0, 9]].tolist() == [5331, 53]
