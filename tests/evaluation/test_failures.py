"""What failed under a noise is told and left out, by hand."""

import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.evaluation.failures import failure_sentences, reason_of, without_failed
from leastloss.evaluation.summary import check_table, curve

WHY = "3 of 30 logits are NaN or infinite"


def runs() -> pd.DataFrame:
    """Two methods, two seeds; ``nc`` fails with seed 1 at sparsity 0.5, and is fine after it."""
    table = pd.DataFrame(
        {"criterion": method, "seed": seed, "step": i, "sparsity": at, "accuracy": 1 - at}
        for method in ("nc", "random")
        for seed in (0, 1)
        for i, at in enumerate((0.0, 0.5, 0.8))
    )
    table["shot5_accuracy"] = table["accuracy"] - 0.1 * table["seed"]
    bad = (table["criterion"] == "nc") & (table["seed"] == 1) & (table["sparsity"] == 0.5)
    table.loc[bad, "shot5_accuracy"] = float("nan")
    return table.assign(shot5_failed=pd.Series(WHY, table.index).where(bad))  # as CSV is read


def test_no_seed_is_averaged_over_from_the_failure_on() -> None:
    found = curve(without_failed(runs()), "shot5_accuracy").set_index(["criterion", "sparsity"])
    assert found.loc["nc", "n"].to_dict() == {0.0: 2}
    assert found.loc["random", "mean"].to_dict() == pytest.approx({0.0: 0.95, 0.5: 0.45, 0.8: 0.15})
    assert without_failed(runs())["accuracy"].equals(runs()["accuracy"])
    assert failure_sentences(runs()) == [
        f"nc under shot5: failed at 1 of 6 steps, first at sparsity 0.5 ({WHY})"
    ]


def test_tables_in_which_nothing_failed_stay() -> None:
    fine = runs().drop(columns="shot5_failed")  # runs from before, too
    assert without_failed(fine) is fine
    assert failure_sentences(fine) == []
    assert failure_sentences(fine.assign(shot5_failed="")) == []
    assert without_failed(fine.assign(shot5_failed=""))["shot5_accuracy"].equals(
        fine["shot5_accuracy"]
    )


def test_a_method_that_failed_throughout_is_refused_with_the_reason() -> None:
    table = runs()
    nc = table["criterion"] == "nc"
    table.loc[nc, ["shot5_accuracy", "shot5_failed"]] = [float("nan"), WHY]
    assert reason_of(table, "shot5_accuracy") == WHY
    assert reason_of(table, "accuracy") == ""
    with pytest.raises(InputError, match=rf"seed 0 has no shot5_accuracy \(failed: {WHY}\)"):
        check_table(without_failed(table), ["shot5_accuracy"])
