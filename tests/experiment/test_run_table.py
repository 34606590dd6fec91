"""Tables of runs as CSV, written and read back."""

from io import StringIO
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from leastloss.data import Split
from leastloss.errors import ResourceError
from leastloss.evaluation import noise_summary, robustness_of
from leastloss.evaluation.fairness import excess_gap
from leastloss.experiment.run_table import csv_text, numbers_of_run, steps_of_run, steps_of_runs
from leastloss.models import MLP

TEXTS = ["=1+1", "+1", "-x", "@sum", "\tx", "\rx", "nc", "a=b", "", "1-2"]


def test_texts_get_an_apostrophe() -> None:
    written = csv_text(pd.DataFrame({"=a": TEXTS, "b": pd.Categorical(TEXTS)}))
    table = pd.read_csv(StringIO(written), keep_default_na=False, lineterminator="\n")
    kept = ["'=1+1", "'+1", "'-x", "'@sum", "'\tx", "'\rx", "nc", "a=b", "", "1-2"]
    assert table["'=a"].tolist() == table["b"].tolist() == kept


def test_a_table_without_formulas_is_written_as_before() -> None:
    table = pd.DataFrame({"a": [-1.5, float("nan")], "n": [-1, 2], "t": ["nc", None]})
    table["whole"] = pd.array([None, -3], dtype="Int64")
    table["mixed"] = [-1, "x"]
    options = {"float_format": "%.6g", "lineterminator": "\n"}
    assert csv_text(table, **options) == table.to_csv(index=False, **options)
    assert csv_text(table) == table.to_csv(index=False)


def run(**params: str) -> Any:
    params = {"criterion": "nc", "steps": "3"} | params
    data = SimpleNamespace(params=params)
    return SimpleNamespace(info=SimpleNamespace(run_id="r1"), data=data)


def text(**changes: Any) -> str:
    columns: dict[str, Any] = {"criterion": "nc", "step": range(4), "removed": range(4)}
    columns |= {"sparsity": [0, 0.1, 0.2, 0.3], "accuracy": [0.9, 0.8, float("nan"), 0.6]}
    columns |= {"excess_gap": 0.5, "loss": 7.5, "shot5_failed": ["", "", "", "1 logit is NaN"]}
    return pd.DataFrame(columns | changes).to_csv(index=False)


def test_one_class_may_lose_all_where_others_gain() -> None:
    dense = np.array([[4, 0, 0], [0, 0, 4], [4, 0, 0]])
    pruned = np.array([[0, 4, 0], [0, 4, 0], [0, 0, 4]])
    gap = excess_gap(pruned, dense)
    assert gap > 1
    assert steps_of_run(run(), text(excess_gap=gap))["excess_gap"].tolist() == [gap] * 4


def test_a_whole_table() -> None:
    table = steps_of_run(run(), text())
    assert table["step"].tolist() == [0, 1, 2, 3]
    assert table["accuracy"].isna().sum() == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "No columns to parse"),
        (text().splitlines()[0], "it has no rows"),
        (
            "".join(text().splitlines(keepends=True)[:-1]),
            "its rows are the steps 0, 1, 2, and must be 0 to 3",
        ),
        (text()[: len(text()) // 2], "it ends in the middle of a row"),
        (text()[:-5], "it ends in the middle of a row"),
        (text(accuracy=[0.9, 9999, 0.7, 0.6]), "'accuracy' holds 9999, and must lie in [0, 1]"),
        (text(gaussian3_accuracy=-0.1), "'gaussian3_accuracy' holds -0.1"),
        (text(val_recall_class_3=1.5), "'val_recall_class_3' holds 1.5"),
        (text(sparsity=[0, 0.1, 2, 3]), "'sparsity' holds 2"),
        (text(weight_sparsity=-0.5), "'weight_sparsity' holds -0.5, and must lie in [0, 1]"),
        (text(excess_gap=-0.5), "'excess_gap' holds -0.5, and must lie in [0, 2]"),
        (text(excess_gap=2.5), "'excess_gap' holds 2.5, and must lie in [0, 2]"),
        (text(loss=["1", "2", "many", "3"]), "column 'loss' holds 'many', no number"),
        (text(sparsity=[0, 0.3, 0.2, 0.4]), "its sparsity does not rise"),
        (text(sparsity=[0, 0.3, None, 0.4]), "its sparsity does not rise"),
        (text(step=[0, 1, 1, 3]), "its rows are the steps 0, 1, 1, 3"),
        (text(step=["a", "b", "c", "d"]), "column 'step' holds 'a', no number"),
        (text().replace("sparsity", "density"), "it has no column 'sparsity'"),
        ('a,"b\n1', "table.csv of run 'r1' is damaged"),
    ],
)
def test_a_damaged_one_is_one_line(content: str, said: str) -> None:
    with pytest.raises(ResourceError) as caught:
        steps_of_run(run(), content)
    assert str(caught.value).startswith("table.csv of run 'r1' is damaged: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_many_runs_are_read_as_each_alone() -> None:
    texts = [text(), text(accuracy=[1, 0.5, 0, 0]), text(extra=range(4)), text(loss="1e-3")]
    runs = [run(), run(), run(), run()]
    tables = steps_of_runs(runs, texts)
    for one, other in zip(tables, map(steps_of_run, runs, texts), strict=True):
        pd.testing.assert_frame_equal(one, other, check_dtype=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (text().removesuffix("\n"), "it ends in the middle of a row"),
        (text().splitlines(keepends=True)[0], "it has no rows"),
        (text(accuracy=7), "'accuracy' holds 7, and must lie"),
        (text(loss="many"), "column 'loss' holds 'many', no number"),
        (text(step=[0, 1, 1, 3]), "its rows are the steps 0, 1, 1, 3"),
        (text() + "1,2\n", "its rows are the steps"),
    ],
)
def test_the_damaged_one_of_many_is_named(content: str, said: str) -> None:
    bad = run()
    bad.info.run_id = "r2"
    with pytest.raises(ResourceError, match=f"table.csv of run 'r2' is damaged: .*({said})"):
        steps_of_runs([run(), bad, run()], [text(), content, text()])


def test_a_text_of_several_lines_is_read_alone() -> None:
    several = text(criterion='"n\nc"')
    tables = steps_of_runs([run(), run()], [several, text()])
    assert [len(table) for table in tables] == [4, 4]


def test_a_small_dense_network_has_steps_of_its_own() -> None:
    small = run(criterion="small-dense", steps="19")
    assert len(steps_of_run(small, text(step=[0, 9, 14, 19]))) == 4
    with pytest.raises(ResourceError, match="its rows are the steps 9, 0, 14, 19"):
        steps_of_run(small, text(step=[9, 0, 14, 19]))


def test_a_run_that_is_older_than_the_parameter() -> None:
    old = run()
    del old.data.params["steps"]
    assert len(steps_of_run(old, text())) == 4


def test_tables_of_other_kinds() -> None:
    rows = "model,mce,note,failed\ndense,1.0,,\nnc,,no error,a logit is NaN\n"
    table = numbers_of_run(run(), "summary.csv", rows)
    assert table["mce"].tolist()[0] == 1
    with pytest.raises(ResourceError, match=r"summary.csv of run 'r1' is damaged: column 'mce'"):
        numbers_of_run(run(), "summary.csv", "model,mce\ndense,one\n")


def test_tables_of_robustness_as_they_are_written() -> None:
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.rand(20, 1, 4, 4, generator=generator), torch.arange(20) % 4, 4, ())
    models = {name: MLP(16, (4,), 4, generator=generator) for name in ("dense", "nc")}
    rows = robustness_of(models, split, corruptions=["shot"], severities=[2], reference="dense")
    for name, written in (("table.csv", rows), ("summary.csv", noise_summary(rows))):
        table = numbers_of_run(run(), name, written.to_csv(index=False))
        assert table["model"].tolist() == written["model"].tolist()
        assert table.shape == written.shape
