import numpy as np
import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.report.numbers import (
    at_points,
    differences,
    free_of_loss,
    means,
    rows_of_runs,
    spreads,
)


def runs(**accuracy: list[list[float]]) -> pd.DataFrame:
    """Method -> seed -> accuracy at 0, 30 and 60 per cent."""
    rows = []
    for method, seeds in accuracy.items():
        criterion, _, settings = method.partition("__")
        for seed, values in enumerate(seeds):
            for step, value in enumerate(values):
                rows.append(
                    {
                        "recovery": "none",
                        "granularity": "weight",
                        "method": method,
                        "criterion": criterion,
                        "settings": settings,
                        "seed": seed,
                        "sparsity": 0.3 * step,
                        "accuracy": value,
                        "val_accuracy": value,
                        "bdm_bits": 100.0 - 40 * step,
                    }
                )
    return pd.DataFrame(rows)


def test_points_are_read_off_the_nearest_step_or_not_at_all() -> None:
    values = at_points(runs(nc=[[0.9, 0.8, 0.5]]), [0.31, 0.45, 0.6], ["accuracy"])
    assert values[["at", "value"]].to_numpy().tolist() == [[0.31, 0.8], [0.6, 0.5]]
    with pytest.raises(InputError, match="unknown metric 'acuracy'"):
        at_points(runs(nc=[[0.9, 0.8, 0.5]]), [0.3], ["acuracy"])


@pytest.mark.parametrize("method", ["nc", None])
def test_no_row_is_no_run(method: str | None) -> None:
    table = runs(nc=[[0.9, 0.8]])
    table = table if method is None else table.iloc[:0]
    assert rows_of_runs(table.assign(method=method)) == []


def test_free_of_loss() -> None:
    table = runs(nc=[[0.90, 0.86, 0.50], [0.90, 0.70, 0.895]])
    found = free_of_loss(table, [0.01, 0.05])
    wide = found.pivot(index=["seed", "at"], columns="quantity", values="value")
    # Seed 0: 86 % is within 5 points alone. Seed 1: 89.5 % comes after 70 %, too late to count.
    assert wide["sparsity"].to_dict() == pytest.approx(
        {(0, 0.01): 0.0, (0, 0.05): 0.3, (1, 0.01): 0.0, (1, 0.05): 0.0}
    )
    assert wide["bdm_bits"].tolist() == [100.0, 60.0, 100.0, 100.0]
    assert wide["accuracy"].tolist() == [0.9, 0.86, 0.9, 0.9]
    averaged = means(found).set_index(["quantity", "at"])
    assert averaged.loc[("sparsity", 0.01), "only_dense"] == 2
    assert averaged.loc[("sparsity", 0.05), "mean"] == pytest.approx(0.15)


def test_validation_chooses_and_the_shortest_may_be_dense() -> None:
    table = runs(nc=[[0.90, 0.50, 0.50]])
    table["val_accuracy"] = [0.9, 0.9, 0.1]
    table["bdm_bits"] = [100.0, 120.0, 20.0]
    found = free_of_loss(table, [0.01]).set_index("quantity")
    assert found.loc["sparsity", ["value", "only_dense"]].tolist() == [pytest.approx(0.3), False]
    assert found.loc["accuracy", ["value", "only_dense"]].tolist() == [0.5, False]
    assert found.loc["bdm_bits", ["value", "only_dense"]].tolist() == [100.0, True]
    table["bdm_bits"] = float("nan")  # runs of an older version
    assert set(free_of_loss(table, [0.01])["quantity"]) == {"sparsity", "accuracy"}


def test_spread_within_a_network() -> None:
    table = runs(a=[[0.9, 0.1, 0.1], [0.9, 0.2, 0.1]], b=[[0.9, 0.3, 0.1], [0.9, 0.2, 0.1]])
    values = at_points(table, [0.3], ["accuracy"])
    found = spreads(values, {"both": ["a", "b"], "one": ["a"]})
    assert found[["method", "seed"]].to_numpy().tolist() == [["both", 0], ["both", 1]]
    assert found["value"].tolist() == pytest.approx([0.02**0.5, 0])
    assert means(found)["mean"].tolist() == pytest.approx([0.02**0.5 / 2])


def test_differences_are_paired_by_seed_and_corrected_over_arms() -> None:
    noise = np.random.default_rng(0).random(5) / 10
    table = runs(
        random=[[0.9, 0.5 + e, 0.2] for e in noise],
        nc=[[0.9, 0.6 + e, 0.2] for e in noise],
        magnitude=[[0.9, 0.4 + e, 0.2] for e in noise[:4]],
    )
    values = at_points(table, [0.3, 0.6], ["accuracy"])
    found = differences(values, ["random"]).set_index(["method", "at"])
    assert found.loc[("nc", 0.3), "mean"] == pytest.approx(0.1)
    assert found["n"].to_dict() == {
        ("nc", 0.3): 5,
        ("magnitude", 0.3): 4,
        ("nc", 0.6): 5,
        ("magnitude", 0.6): 4,
    }
    # Five of one sign: p = 2/32; four: 2/16. Holm: twice the smaller, then the larger itself.
    assert found.loc[("nc", 0.3), ["p", "holm"]].tolist() == pytest.approx([0.0625, 0.125])
    assert found.loc[("magnitude", 0.3), ["p", "holm"]].tolist() == pytest.approx([0.125, 0.125])
    assert found.loc[("nc", 0.6), ["mean", "p"]].tolist() == [0.0, 1.0]


def test_the_reference_agrees_with_the_arm_in_most_settings() -> None:
    settings = {
        "random__a": "schedule=sequential, balance=none",
        "random__b": "schedule=iterative, balance=none",
        "random__c": "schedule=iterative, balance=polarity",
        "nc__b": "schedule=iterative, balance=none",
        "nc__c": "schedule=sequential, balance=polarity",
    }
    table = runs(**{method: [[0.9, 0.5, 0.1]] for method in settings})
    table["settings"] = table["method"].map(settings)
    found = differences(at_points(table, [0.3], ["accuracy"]), ["random"])
    assert dict(zip(found["method"], found["reference"], strict=True)) == {
        "nc__b": "random__b",
        "nc__c": "random__a",  # one of two agrees in each of a and c: the first
        "random__b": "random__a",
        "random__c": "random__a",
    }


def test_a_reference_can_be_one_arm() -> None:
    table = runs(nc__a=[[0.9, 0.5, 0.1]], nc__b=[[0.9, 0.4, 0.1]], random=[[0.9, 0.3, 0.1]])
    found = differences(at_points(table, [0.3], ["accuracy"]), ["nc__b"])
    assert found[["method", "reference"]].to_numpy().tolist() == [
        ["nc__a", "nc__b"],
        ["random", "nc__b"],
    ]
    assert found["mean"].tolist() == pytest.approx([0.1, -0.1])


def test_what_is_free_may_ask_for_several_metrics() -> None:
    table = runs(nc=[[0.90, 0.89, 0.89]])
    table["minority_recall"] = [0.8, 0.8, 0.7]
    table["val_minority_recall"] = [0.8, 0.79, 0.7]
    found = free_of_loss(table, [0.02], ["accuracy", "minority_recall"]).set_index("quantity")
    assert found["value"].to_dict() == pytest.approx(
        {"sparsity": 0.3, "accuracy": 0.89, "minority_recall": 0.8, "bdm_bits": 60.0}
    )
    with pytest.raises(InputError, match="unknown metric on the validation samples 'recall'"):
        free_of_loss(table, [0.02], ["recall"])


def test_no_reference_gives_no_rows() -> None:
    assert differences(at_points(runs(nc=[[0.9, 0.8, 0.5]]), [0.3], ["accuracy"]), ["random"]).empty


def test_the_reference_has_the_arms_repair_before_all_else() -> None:
    settings = {
        "random__a": "steps=9, balance=none, layers=all, recovery=none",
        "random__b": "steps=5, balance=sign, layers=one, recovery=refit",
        "nc": "steps=9, balance=none, layers=all, recovery=refit",
    }
    table = runs(**{method: [[0.9, 0.5, 0.1]] for method in settings})
    table["settings"] = table["method"].map(settings)
    found = differences(at_points(table, [0.3], ["accuracy"]), ["random"]).set_index("method")
    assert found.loc["nc", ["reference", "reference_settings"]].tolist() == [
        "random__b",
        settings["random__b"],
    ]
