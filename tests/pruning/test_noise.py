"""Steps measured under noise."""

from dataclasses import replace
from math import isnan

import pytest
from torch import Tensor, nn

import leastloss as ll
from leastloss.data import CORRUPTIONS, Data
from leastloss.errors import InputError
from leastloss.evaluation.failures import failure_sentences
from leastloss.pruning import prune, shuffled
from leastloss.pruning.noise import read_noise


def test_noise_is_that_of_the_table_of_robustness(
    networks: dict[str, nn.Module], data: Data
) -> None:
    path = prune(
        networks["mlp"],
        data,
        "magnitude",
        steps=2,
        noise=["gaussian:3", "shot:5"],
        seed=4,
        progress=False,
    )
    alone = prune(networks["mlp"], data, "magnitude", steps=2, seed=4, progress=False)
    rows = path.table()
    for row in rows.to_dict("records"):
        found = ll.robustness(
            path.model_at(row["sparsity"]), data.test, corruptions=["gaussian", "shot"], seed=4
        ).set_index(["corruption", "severity"])
        for label, at in (("gaussian3", ("gaussian", 3)), ("shot5", ("shot", 5))):
            for metric in ("accuracy", "balanced_accuracy", "minority_recall"):
                assert row[f"{label}_{metric}"] == found.loc[at, metric]
    assert rows["gaussian3_accuracy"].iloc[0] < rows["accuracy"].iloc[0]
    assert path.settings["noise"] == ["gaussian:3", "shot:5"]
    shared = [column for column in alone.table() if not column.endswith("_seconds")]
    assert rows[shared].equals(alone.table()[shared])


def test_the_seed_draws_the_noise(networks: dict[str, nn.Module], data: Data) -> None:
    first, again, other = (
        prune(
            networks["mlp"], data, "random", steps=1, noise=["gaussian:2"], seed=s, progress=False
        ).steps[0]
        for s in (0, 0, 1)
    )
    assert first.metrics["gaussian2_accuracy"] == again.metrics["gaussian2_accuracy"]
    assert first.metrics["gaussian2_accuracy"] != other.metrics["gaussian2_accuracy"]


def test_every_corruption_may_be_named(networks: dict[str, nn.Module], data: Data) -> None:
    specs = [f"{name}:{1 + i % 5}" for i, name in enumerate(CORRUPTIONS)]
    (row,) = (
        prune(
            networks["mlp"],
            data,
            "random",
            steps=1,
            noise=specs,
            recovery="none",
            progress=False,
        )
        .table()
        .iloc[:1]
        .to_dict("records")
    )
    found = ll.robustness(networks["mlp"], data.test).set_index(["corruption", "severity"])
    for i, name in enumerate(CORRUPTIONS):
        severity = 1 + i % 5
        assert row[f"{name}{severity}_accuracy"] == found.loc[(name, severity), "accuracy"]


@pytest.mark.parametrize(
    ("specs", "line"),
    [
        (["gauss:3"], "unknown corruption 'gauss'; did you mean 'gaussian'"),
        (["weight-noise:1"], "unknown corruption 'weight-noise'"),
        (["gaussian"], "write corruption:severity"),
        (["gaussian:6"], "severity from 1 to 5"),
        (["shot:1", "shot:1"], "each may occur once"),
        ("gaussian:3", "give a list"),
    ],
)
def test_wrong_noise_is_refused(specs: list[str], line: str) -> None:
    with pytest.raises(InputError, match=line):
        read_noise(specs)


def test_samples_beyond_pixels_are_damaged_in_units_of_the_training_split(
    networks: dict[str, nn.Module], data: Data
) -> None:
    wide = replace(
        data, **{part: replace(s, x=3 * s.x - 1) for part in ("train", "val", "test")
                 for s in [getattr(data, part)]}
    )  # fmt: skip
    with pytest.warns(UserWarning, match="units of the range of each channel") as told:
        path = prune(networks["mlp"], wide, "random", noise=["gaussian:1"], progress=False, steps=1)
    assert len([w for w in told if "not in [0, 1]" in str(w.message)]) == 1
    assert path.table()["gaussian1_accuracy"].notna().all()
    assert path.settings["noise_scale"] == "range of each channel"


class Fragile(nn.Module):
    """Digits are multiples of 1/16; of any other pixel it makes NaN, once it is pruned enough."""

    def __init__(self, net: nn.Module, above: float) -> None:
        super().__init__()
        self.net, self.above = net, above

    def forward(self, x: Tensor) -> Tensor:
        """Logits; NaN for a sample with noise in it."""
        gone = (self.net.layers[0].weight == 0).float().mean()
        odd = ((16 * x).frac().abs().flatten(1).sum(dim=1, keepdim=True) > 1e-3) & (
            gone > self.above
        )
        return self.net(x).masked_fill(odd, float("nan"))


def test_a_network_that_fails_under_noise_is_told_and_the_path_goes_on(
    networks: dict[str, nn.Module], data: Data
) -> None:
    options = {"sparsities": [0.3, 0.6, 0.9], "recovery": "none", "progress": False}
    noise = ["gaussian:3", "brightness:1"]
    fragile = prune(Fragile(networks["mlp"], 0.5), data, "magnitude", noise=noise, **options)
    sound = prune(networks["mlp"], data, "magnitude", noise=noise, **options).table()
    table = fragile.table()
    assert [bool(step.failed) for step in fragile.steps] == [False, False, True, True]
    samples = len(data.test)
    said = f"{10 * samples} of {10 * samples} logits are NaN or infinite"
    assert table["gaussian3_failed"].tolist() == ["", "", said, said]
    kept = [f"gaussian3_{name}" for name in ("accuracy", "balanced_accuracy", "minority_recall")]
    assert table[kept].iloc[2:].isna().all(axis=None)
    assert table[kept].iloc[:2].equals(sound[kept].iloc[:2])
    clean = ["accuracy", "minority_recall", "bdm_bits", "removed"]
    assert table[clean].equals(sound[clean])
    assert "gaussian3_failed" not in sound
    told = failure_sentences(table.assign(criterion="magnitude"))
    assert told[0] == (
        f"magnitude under gaussian3: failed at 2 of 4 steps, first at sparsity 0.5996 ({said})"
    )
    again = shuffled(fragile, data, recovery="none").table()
    assert again["gaussian3_failed"].tolist() == table["gaussian3_failed"].tolist()


def test_data_without_rare_classes_have_no_minority_recall_under_noise(
    networks: dict[str, nn.Module], data: Data
) -> None:
    even = replace(
        data,
        test=replace(data.test, minority=()),
        val=replace(data.val, minority=()),
        train=replace(data.train, minority=()),
    )
    options = {"steps": 1, "recovery": "none", "noise": ["shot:1"], "progress": False}
    row = prune(networks["mlp"], even, "random", **options).table().iloc[-1]
    assert 0 < row["shot1_accuracy"] < 1
    assert isnan(row["shot1_minority_recall"])
