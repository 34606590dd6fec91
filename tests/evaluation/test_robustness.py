import numpy as np
import pandas as pd
import pytest
import torch
from tests.evaluation.cases import CLASSES, linear, split
from torch import nn

from leastloss.data import CORRUPTIONS, Split
from leastloss.errors import InputError
from leastloss.evaluation import robustness, robustness_of


def test_nothing_moves_without_noise():
    clean = robustness(linear(), split(), corruptions=[]).iloc[0]
    assert (clean["corruption"], clean["severity"], clean["flip_rate"]) == ("clean", 0, 0)
    assert np.isnan(clean["sensitivity"])


def test_every_network_sees_the_same_noise_whatever_else_is_evaluated():
    data = split(200)
    models = {"dense": linear(), "twin": linear(), "other": linear(-1.0)}
    table = robustness_of(models, data, reference="dense")
    assert list(table["model"][:3]) == ["dense", "twin", "other"]
    assert len(table) == 3 * (1 + 4 * 5)
    of = {name: part.drop(columns="model").reset_index(drop=True) for name, part in
          table.groupby("model")}  # fmt: skip
    pd.testing.assert_frame_equal(of["dense"], of["twin"])
    alone = robustness(linear(), data, corruptions=["speckle"], severities=[4])
    row = of["dense"].query("corruption == 'speckle' and severity == 4")
    shared = [column for column in alone.columns if column != "sensitivity_ratio"]
    assert row[shared].iloc[0].tolist() == alone[shared].iloc[1].tolist()


class Breaks(nn.Module):
    """Gives NaN for any pixel above 0.9, as an overflow would."""

    def forward(self, x):
        return torch.where(x[:, :CLASSES] > 0.9, float("nan"), x[:, :CLASSES])


def test_a_network_that_breaks_is_reported_as_failed_and_the_others_go_on():
    data = split(50, 0.5)
    models = {"dense": linear(), "mine": Breaks()}
    table = robustness_of(models, data, severities=[1, 5], reference="dense")
    mine = table[table["model"] == "mine"].set_index(["corruption", "severity"])
    (broken,) = [mine.loc["gaussian", 5]]
    assert broken["failed"].endswith("of 200 logits are NaN or infinite")
    numbers = mine.select_dtypes("number").columns
    assert mine.loc[[("gaussian", 5)], numbers].isna().all(axis=None)
    assert mine.loc[("clean", 0), "failed"] == mine.loc[("shot", 1), "failed"] == ""
    assert mine.loc[("shot", 1), ["accuracy", "flip_rate", "sensitivity_ratio"]].notna().all()
    dense = table[table["model"] == "dense"]
    assert (dense["failed"] == "").all()
    assert dense["accuracy"].notna().all()


def test_a_network_that_fails_without_noise_has_failed_throughout():
    data = split(50, 0.95)
    table = robustness_of(
        {"mine": Breaks(), "dense": linear()}, data, corruptions=["shot"], reference="mine"
    )
    mine, dense = (table[table["model"] == name] for name in ("mine", "dense"))
    assert (mine["failed"] == "without noise, 200 of 200 logits are NaN or infinite").all()
    assert mine["accuracy"].isna().all()
    assert dense["accuracy"].notna().all()
    assert dense["sensitivity_ratio"].isna().all()


def test_images_meet_all_twelve_corruptions_and_other_samples_the_four_noises():
    images = Split(torch.rand(12, 1, 8, 8), torch.arange(12) % 3, 3, ())
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    found = robustness(network, images)
    assert list(found["corruption"].unique()) == ["clean", *CORRUPTIONS]
    assert len(found) == 1 + 12 * 5
    assert list(robustness(linear(), split(12))["corruption"].unique()) == [
        *("clean", "gaussian", "shot", "impulse", "speckle")
    ]


def test_weight_noise_and_attacks_are_rows_like_any_other():
    data = split(300)
    data = Split(data.x, data.x[:, :CLASSES].argmax(1), CLASSES, (3,))
    table = robustness_of(
        {"dense": linear(), "twice": linear(2.0)},
        data,
        corruptions=["weight-noise"],
        attacks=["fgsm", "pgd"],
        reference="dense",
    )
    accuracy = table.pivot(index=["corruption", "severity"], columns="model", values="accuracy")
    assert set(table["corruption"]) == {"clean", "weight-noise", "fgsm", "pgd"}
    assert (accuracy["dense"] == accuracy["twice"]).all()  # the same eps, the same signs
    assert accuracy.loc[("weight-noise", 5), "dense"] < 1
    assert accuracy.loc["fgsm", "dense"].is_monotonic_decreasing
    noisy = table[table["corruption"] == "weight-noise"]
    assert noisy["sensitivity"].isna().all()  # no input changed
    ratio = table[(table["corruption"] == "fgsm") & (table["model"] == "twice")]
    assert np.allclose(ratio["sensitivity_ratio"], 2.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"corruptions": ["gausian"]}, "did you mean 'gaussian'"),
        ({"corruptions": "gaussian"}, "give a list"),
        ({"corruptions": ["shot", "shot"]}, "may occur once"),
        ({"corruptions": ["rotation"]}, "rotation needs images"),
        ({"severities": [6]}, r"severity is 6; it must be an integer in 1\.\.5"),
        ({"severities": [0]}, "severity is 0"),
        ({"severities": []}, "there is no severity"),
        ({"attacks": ["fgms"]}, "did you mean 'fgsm'"),
        ({"attacks": ["fgsm"], "models": {"fixed": nn.Flatten(0)}}, "logits"),
        ({"reference": "dens"}, "did you mean 'dense'"),
        ({"models": {}}, "at least 1"),
    ],
)
def test_bad_input(change, message):
    arguments = {"models": {"dense": linear()}, "split": split(8)} | change
    with pytest.raises(InputError, match=message):
        robustness_of(**arguments)


def scaled(change):
    data = split(400)
    return Split(change(data.x), data.x[:, :CLASSES].argmax(1), CLASSES, (3,))


def test_inputs_in_0_to_1_have_the_scale_they_always_had(recwarn):
    found = robustness(linear(), split(50), severities=[1])
    assert set(found["noise_scale"]) == {"values in [0, 1]"}
    assert not [w for w in recwarn if "not in [0, 1]" in str(w.message)]


def test_a_table_is_damaged_in_its_own_units_and_one_warning_says_so():
    data = scaled(lambda x: 100 * x - 7)
    with pytest.warns(UserWarning, match="units of the standard deviation of each feature") as told:
        found = robustness(linear(), data)
    assert len(told) == 1
    assert list(found["corruption"].unique()) == ["clean", "gaussian", "impulse"]
    assert set(found["noise_scale"]) == {"standard deviation of each feature"}
    accuracy = found[found["corruption"] == "gaussian"]["accuracy"]
    assert accuracy.is_monotonic_decreasing
    assert 0.3 < accuracy.iloc[-1] < accuracy.iloc[0] < 1


@pytest.mark.filterwarnings("ignore:the inputs are not in")
def test_the_scale_is_that_of_the_training_split():
    data, train = scaled(lambda x: 3 * x - 1), scaled(lambda x: 30 * x - 10)
    own, given = (
        robustness(linear(), data, corruptions=["gaussian"], severities=[5], train=t)
        for t in (None, train)
    )
    assert given["flip_rate"].iloc[1] > own["flip_rate"].iloc[1] + 0.2


@pytest.mark.filterwarnings("ignore:the inputs are not in")
def test_normalised_images_meet_what_the_images_would():
    x = torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    x[0, 0, 0, 0], x[0, 0, 0, 1] = 0.0, 1.0
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    unit = Split(x, network(x).argmax(1), 3, ())

    class Unscaled(nn.Module):
        def forward(self, z):
            return network(z * 0.3 + 0.1)

    other = Split((x - 0.1) / 0.3, unit.y, 3, ())
    options = {"corruptions": ["gaussian", "rotation", "shot"], "attacks": ["fgsm", "pgd"]}
    plain = robustness(network, unit, severities=[2, 5], **options)
    found = robustness(Unscaled(), other, severities=[2, 5], **options)
    assert np.allclose(plain["accuracy"], found["accuracy"], atol=0.02)
    assert set(found["noise_scale"]) == {"range of each channel"}
    assert found["accuracy"].min() < 1
