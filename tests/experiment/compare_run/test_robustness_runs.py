"""Which robustness runs stand beside the runs that are compared."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from leastloss import tracking
from leastloss.experiment.compare_run.robustness_runs import Exposed, exposed
from leastloss.experiment.compare_run.runs_table import Compared

LAST = {"sparsity": "", "corruptions": "all", "severities": "1,2,3,4,5", "seed": "0"}
OF = "leastloss.of_run"


def _run(run_id: str, params: dict[str, str], **tags: str) -> Any:
    return SimpleNamespace(
        info=SimpleNamespace(run_id=run_id), data=SimpleNamespace(params=params, tags=tags)
    )


def _exposure(run_id: str, of: str, **params: str) -> Any:
    return _run(run_id, LAST | params, **{OF: of})


def _found(monkeypatch: pytest.MonkeyPatch, robustness: list[Any], text: str) -> Exposed:
    """Three networks, pruned by nc and by random, as compared with robustness runs."""
    rows, runs = [], dict[str, list[Any]]()
    for network in "012":
        for criterion in ("nc", "random"):
            run_id = f"{criterion}{network}"
            rows.append({"criterion": f"{criterion}, x=1", "seed": network, "run_id": run_id})
            parent = {"mlflow.parentRunId": f"parent{network}"}
            runs.setdefault(criterion, []).append(_run(run_id, {"criterion": criterion}, **parent))
    monkeypatch.setattr(tracking, "search", lambda where: robustness)
    monkeypatch.setattr(tracking, "fetch_texts", lambda own, name: [text])
    return exposed(Compared(table=pd.DataFrame(rows), runs=runs, labels={}))


ALL = "model,criterion\ndense,dense\nnc,nc\nrandom,random\nshuffled@nc,shuffled@nc\n"


def test_networks_of_other_settings_are_not_averaged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newest_first = [
        _exposure("f", "nc0", corruptions="shot"),
        _exposure("g", "nc1", corruptions="shot"),
        _exposure("e", "parent0", sparsity="0.5"),
        _exposure("d", "another"),
        _exposure("h", "parent2", seed="1"),
        _exposure("c", "parent1", severities="1, 2,3,4,5"),
        _exposure("b", "parent0"),
        _exposure("a", "parent0"),
    ]
    found = _found(monkeypatch, newest_first, ALL)
    assert found.table is not None
    assert found.errors is not None
    for table in (found.table, found.errors):
        held = table[["run_id", "network", "model"]].to_numpy().tolist()
        assert held == [
            [run_id, network, model]
            for run_id, network in (("c", "1"), ("b", "0"))
            for model in ("dense", "nc, x=1", "random, x=1")
        ]
    assert "robustness runs differ in sparsity" in capsys.readouterr().err
    assert found.lacking == {"2": ["nc, x=1", "random, x=1"]}
    assert found.command == "mlflow run . -e robustness -P run_id=parent2"


def test_a_network_that_two_runs_hold_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [_exposure("child", "nc0"), _exposure("parent", "parent0"), _exposure("one", "random1")]
    found = _found(monkeypatch, runs, ALL)
    assert found.table is not None
    held = found.table[["run_id", "network", "model"]].to_numpy().tolist()
    assert held == [
        ["parent", "0", "dense"],
        ["parent", "0", "nc, x=1"],
        ["parent", "0", "random, x=1"],
        ["one", "1", "dense"],
        ["one", "1", "random, x=1"],
    ]
    assert found.lacking == {"1": ["nc, x=1"], "2": ["nc, x=1", "random, x=1"]}
    calls = "mlflow run . -e robustness -P run_id=$run"
    assert found.command == f"for run in parent1 parent2; do {calls}; done"


def test_chosen_sparsities_are_named_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "model,criterion\ndense,dense\nnc at 0.5,nc\nnc at 0.9,nc\n"
    runs = [_exposure("a", "parent0", sparsity="0.5,0.9")]
    found = _found(monkeypatch, runs, text)
    assert found.table is not None
    assert found.table["model"].tolist() == ["dense", "nc, x=1 at 0.5", "nc, x=1 at 0.9"]
    assert "-P sparsity=0.5,0.9" in found.command


@pytest.mark.parametrize("text", ["", "model\n", "other\n1\n"])
def test_a_damaged_table_lacks(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    found = _found(monkeypatch, [_exposure("a", "parent0")], text)
    assert found.table is None
    assert list(found.lacking) == ["0", "1", "2"]
