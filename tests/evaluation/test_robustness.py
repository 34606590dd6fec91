from itertools import pairwise
from math import gamma, sqrt

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from leastloss.data import CORRUPTIONS, Split
from leastloss.errors import InputError
from leastloss.evaluation import damaged, robustness, robustness_of
from leastloss.evaluation.noise_effect import sensitivity

CLASSES, WIDTH = 4, 9


def linear(scale=1.0, weight=None):
    layer = nn.Linear(WIDTH, CLASSES, bias=False)
    with torch.no_grad():
        layer.weight.copy_(scale * torch.eye(CLASSES, WIDTH) if weight is None else weight)
    return layer


def split(n=3000, value=None):
    generator = torch.Generator().manual_seed(1)
    x = (
        torch.rand(n, WIDTH, generator=generator)
        if value is None
        else torch.full((n, WIDTH), value)
    )
    return Split(x, torch.arange(n) % CLASSES, CLASSES, (3,))


def test_sensitivity_of_a_linear_network_has_a_closed_form():
    # At 0.5 and sigma 0.08 nothing is clipped; the logits move by sigma z, z normal in R^C,
    # and E||z|| is the mean of the chi distribution.
    chi = sqrt(2) * gamma((CLASSES + 1) / 2) / gamma(CLASSES / 2)
    found = robustness(linear(), split(8000, 0.5), corruptions=["gaussian"], severities=[1])
    assert found["sensitivity"].iloc[1] == pytest.approx(chi / sqrt(WIDTH), rel=0.02)


def test_sensitivity_scales_with_the_network_and_compares_to_the_reference():
    found = robustness(linear(3.0), split(), reference=linear())
    noisy = found[found["severity"] > 0]
    assert np.allclose(noisy["sensitivity_ratio"], 3.0)
    assert found["sensitivity_ratio"].isna().sum() == 1  # clean: nothing moved


def test_sensitivity_uses_the_perturbation_as_applied():
    # The first input decides, and impulse noise clips nothing: both sides by hand.
    data = split()
    noisy = damaged(data, "impulse", 5, seed=0).x
    weight = torch.randn(CLASSES, WIDTH, generator=torch.Generator().manual_seed(2))
    found = robustness(linear(weight=weight), data, corruptions=["impulse"], severities=[5])
    eps = (noisy - data.x).double()
    moved = (eps @ weight.double().T).norm(dim=1)
    rms = eps.square().mean().sqrt()
    expected = float(moved.mean() / (rms * sqrt(WIDTH)))
    assert found["sensitivity"].iloc[1] == pytest.approx(expected, rel=1e-4)
    own = data.y == 2
    per_class = float(moved[own].mean() / (eps[own].square().mean().sqrt() * sqrt(WIDTH)))
    assert found["sensitivity_class_2"].iloc[1] == pytest.approx(per_class, rel=1e-4)


def test_nothing_moves_without_noise():
    clean = robustness(linear(), split(), corruptions=[]).iloc[0]
    assert (clean["corruption"], clean["severity"], clean["flip_rate"]) == ("clean", 0, 0)
    assert np.isnan(clean["sensitivity"])


def test_black_images_stay_black_under_speckle():
    found = robustness(linear(), split(40, 0.0), corruptions=["speckle"], severities=[5]).iloc[1]
    assert found["flip_rate"] == 0
    assert np.isnan(found["sensitivity"])


def test_a_network_that_ignores_its_input_is_not_sensitive():
    found = robustness(linear(0.0), split(), corruptions=["shot"], severities=[5]).iloc[1]
    assert found["sensitivity"] == found["flip_rate"] == 0


def test_flip_rate_counts_changed_predictions_right_or_wrong():
    data = split()
    found = robustness(linear(), data, corruptions=["gaussian"], severities=[5]).iloc[1]
    noisy = damaged(data, "gaussian", 5, seed=0).x[:, :CLASSES].argmax(1)
    changed = (noisy != data.x[:, :CLASSES].argmax(1)).double().mean()
    assert 0.1 < found["flip_rate"] == pytest.approx(float(changed))


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


def test_the_seed_decides_the_noise():
    data = split(200)
    first, again, other = (robustness(linear(), data, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["sensitivity"].equals(other["sensitivity"])


def test_accuracy_falls_with_severity():
    data = split(4000)
    data = Split(data.x, data.x[:, :CLASSES].argmax(1), CLASSES, (3,))
    found = robustness(linear(), data)
    for _, part in found[found["severity"] > 0].groupby("corruption"):
        accuracy = [1.0, *part["accuracy"]]
        assert all(low < high for high, low in pairwise(accuracy))


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


def test_who_looks_sees_the_damaged_samples_of_each_corruption():
    seen = {}
    data = split(20)
    robustness_of(
        {"dense": linear()},
        data,
        corruptions=["shot", "weight-noise"],
        severities=[2, 3],
        seen=lambda name, severity, x: seen.update({(name, severity): x}),
    )
    assert list(seen) == [("shot", 2), ("shot", 3)]
    assert torch.equal(seen["shot", 3], damaged(data, "shot", 3, seed=0).x)


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


def test_sensitivity_worked_by_hand():
    moved, given = torch.tensor([3.0, 5.0]), torch.tensor([4.0, 12.0])
    assert sensitivity(moved, given) == pytest.approx(4 / sqrt(8))


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
