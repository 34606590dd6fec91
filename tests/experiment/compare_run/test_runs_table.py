"""The steps of compared runs: their labels, and what counts."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from tests.experiment.runs import run

from leastloss import tracking
from leastloss.errors import InputError
from leastloss.experiment.compare_run.runs_table import compared, labels_of


def test_labels_tell_what_differs_and_always_the_repair() -> None:
    runs = [
        run(1, recovery="none"),
        run(2, recovery="compensate", schedule="one-shot"),
        run(3, recovery="compensate", criterion="obs"),
    ]
    assert [label.text for label in labels_of(runs)] == [
        "nc, recovery=none",
        "nc, recovery=compensate, schedule=one-shot",
        "obs, recovery=compensate",
    ]


def test_a_stored_former_name_is_the_method_of_today() -> None:
    runs = [run(1, criterion="seed-nc"), run(2, criterion="scatter-slope")]
    assert {label.text for label in labels_of(runs)} == {"scatter-slope"}


def test_steps_that_follow_from_the_sparsities_tell_nothing_apart() -> None:
    runs = [run(1, sparsities="0.5", steps="1"), run(2, sparsities="0.5", steps="3")]
    first, second = labels_of(runs)
    assert first == second
    assert "steps=, sparsities=0.5, spacing=even" in first.settings


COMMON = {"dataset": "digits", "granularity": "weight", "recovery": "none", "steps": "1"}


def _run(number: int, accuracy: float, **parameters: str) -> Any:
    params = COMMON | {"criterion": "nc", "seed": "0", "dense_seed": "0"} | parameters
    info = SimpleNamespace(run_id=f"run{number}", start_time=number)
    tags = {"leastloss.dense_run": f"dense{params['dense_seed']}"}
    steps = int(params["steps"])
    table = pd.DataFrame({"step": range(steps + 1), "accuracy": [0.9] * steps + [accuracy]})
    table["sparsity"] = table["step"] / (2 * steps)
    return SimpleNamespace(
        info=info, data=SimpleNamespace(params=params, tags=tags), inputs=None, table=table
    )


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    known: dict[str, Any] = {}

    def texts(runs: Any, name: str) -> list[str]:
        return [known[run.info.run_id].to_csv(index=False) for run in runs]

    monkeypatch.setattr(tracking, "fetch_texts", texts)
    return known


def _compared(known: dict[str, Any], *runs: Any) -> pd.DataFrame:
    known.update({run.info.run_id: run.table for run in runs})
    return compared(runs).table


def test_several_prunings_of_one_network_count_once(tables: dict[str, Any]) -> None:
    table = _compared(
        tables,
        _run(1, 0.4),
        _run(2, 0.6, seed="1"),
        _run(3, 0.8, seed="5", dense_seed="5"),
    )
    last = table[table["step"] == 1].set_index("seed")["accuracy"]
    assert last.to_dict() == pytest.approx({"0": 0.5, "5": 0.8})


def test_other_steps_are_another_method(tables: dict[str, Any]) -> None:
    table = _compared(tables, _run(1, 0.4), _run(2, 0.6, seed="1", dense_seed="1", steps="7"))
    assert set(table["criterion"]) == {"nc, steps=1", "nc, steps=7"}


def test_of_two_equal_runs_the_newest_counts(
    tables: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    table = _compared(tables, _run(1, 0.4), _run(2, 0.6))
    assert table["accuracy"].tolist() == [0.9, 0.6]
    assert "made more than once" in capsys.readouterr().err


def test_other_data_are_refused(tables: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="differ in dataset"):
        _compared(tables, _run(1, 0.4), _run(2, 0.6, dataset="mnist"))
