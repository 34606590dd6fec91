"""Which robustness runs stand beside the runs that are compared."""

from types import SimpleNamespace
from typing import Any

import pytest

from leastloss import tracking
from leastloss.experiment.made import robustness_of_runs


def _run(run_id: str, params: dict[str, str], **tags: str) -> Any:
    return SimpleNamespace(
        info=SimpleNamespace(run_id=run_id), data=SimpleNamespace(params=params, tags=tags)
    )


def test_networks_of_other_sparsities_are_not_averaged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = [_run(f"child{i}", {}, **{"mlflow.parentRunId": f"parent{i}"}) for i in range(3)]
    last = {"sparsity": "", "corruptions": "all", "severities": "1,2,3,4,5"}
    compared.append(_run("control0", {}, **{"mlflow.parentRunId": "parent0"}))
    newest_first = [
        _run("f", last | {"corruptions": "shot"}, **{"leastloss.of_run": "child0"}),
        _run("g", last | {"corruptions": "shot"}, **{"leastloss.of_run": "child1"}),
        _run("e", last | {"sparsity": "0.5"}, **{"leastloss.of_run": "parent0"}),
        _run("d", last, **{"leastloss.of_run": "another"}),
        _run("c", last | {"severities": "1, 2,3,4,5"}, **{"leastloss.of_run": "parent1"}),
        _run("b", last, **{"leastloss.of_run": "parent0"}),
        _run("a", last, **{"leastloss.of_run": "parent0"}),
    ]
    monkeypatch.setattr(tracking, "search", lambda where: newest_first)
    monkeypatch.setattr(tracking, "fetch_texts", lambda runs, name: ["model\nnc\n"])
    for found in robustness_of_runs(compared):
        assert found is not None
        assert found["run_id"].tolist() == ["c", "b"]
    assert "robustness runs differ in sparsity" in capsys.readouterr().err
