import numpy as np
import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.evaluation import curve, operating_points


def runs(seeds=(0, 1, 2), methods=("nc", "random"), sparsities=(0, 0.5, 0.79, 0.9)):
    return pd.DataFrame(
        {"criterion": m, "seed": s, "step": i, "sparsity": p, "accuracy": 1 - p / 2 + s / 100}
        for m in methods
        for s in seeds
        for i, p in enumerate(sparsities)
    )


def test_mean_and_seeds_at_every_sparsity():
    found = curve(runs(), "accuracy")
    assert found["n"].tolist() == [3] * 8
    nc = found[found["criterion"] == "nc"]
    assert nc["mean"].tolist() == pytest.approx([1.01, 0.76, 0.615, 0.56])
    assert (nc["low"] < nc["mean"]).all()
    assert (nc["mean"] < nc["high"]).all()


def test_points_that_few_runs_share_say_so():
    table = pd.concat([runs(seeds=[0, 1]), runs(seeds=[2], sparsities=(0, 0.25, 0.5))])
    found = curve(table, "accuracy").query("criterion == 'nc'").set_index("sparsity")
    assert found["n"].to_dict() == {0.0: 3, 0.25: 1, 0.5: 3, 0.79: 2, 0.9: 2}
    assert np.isnan(found.loc[0.25, "low"])


def test_two_steps_at_one_sparsity_count_once():
    table = runs(seeds=[0], methods=["nc"], sparsities=(0, 0.5, 0.5))
    table.loc[2, "accuracy"] = 0.3
    assert curve(table, "accuracy")["mean"].tolist() == [1.0, 0.3]


def test_operating_points_take_the_nearest_step_or_none():
    found = operating_points(runs(), at=(0.5, 0.8, 0.95), metrics=["accuracy"])
    assert found[["at", "sparsity"]].drop_duplicates().values.tolist() == [[0.5, 0.5], [0.8, 0.79]]
    assert set(found["n"]) == {3}
    assert list(found["criterion"].unique()) == ["nc", "random"]


def test_no_point_within_reach_is_an_empty_table_with_its_columns():
    found = operating_points(runs(), at=(0.99,), metrics=["accuracy"])
    assert found.empty
    assert "mean" in found


def without_accuracy():
    table = runs()
    table.loc[(table["criterion"] == "nc") & (table["seed"] == 1), "accuracy"] = np.nan
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (runs().iloc[:0], "no rows"),
        (runs().drop(columns="seed"), "unknown column 'seed'"),
        (runs().rename(columns={"accuracy": "accurcy"}), "did you mean 'accurcy'"),
        (pd.concat([runs(), runs()]), "one run of a method"),
        (without_accuracy(), "'nc' with seed 1 has no accuracy"),
    ],
)
def test_tables_that_cannot_be_compared(table, message):
    with pytest.raises(InputError, match=message):
        curve(table, "accuracy")


def test_points_are_sparsities():
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]"):
        operating_points(runs(), at=(80,))
