"""What a run measured under noise, in the words of the card."""

from types import SimpleNamespace

import pandas as pd
import pytest

from leastloss.errors import ResourceError
from leastloss.experiment.export_run import measured_noise as module
from leastloss.experiment.export_run.measured_noise import measured_noise
from leastloss.experiment.run_names import OF_RUN

CHILD = SimpleNamespace(
    info=SimpleNamespace(run_id="child"),
    data=SimpleNamespace(
        params={"criterion": "nc", "noise": "gaussian:3, shot:1"},
        tags={"mlflow.parentRunId": "parent"},
    ),
)
TABLE = pd.DataFrame(
    [
        ("nc", 0.8, "clean", 0, 0.9),
        ("nc", 0.8, "blur", 1, 0.6),
        ("nc", 0.8, "blur", 5, 0.2),
        ("nc", 0.5, "blur", 1, 0.8),
        ("dense", 0.0, "blur", 2, 0.7),
    ],
    columns=["criterion", "sparsity", "corruption", "severity", "accuracy"],
).assign(balanced_accuracy=0.5, minority_recall=0.25)


@pytest.fixture
def robustness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two robustness runs, of which one is of another pruning."""
    runs = [
        SimpleNamespace(data=SimpleNamespace(tags={OF_RUN: run_id})) for run_id in ("x", "parent")
    ]

    def read(run: SimpleNamespace, name: str, text: str) -> pd.DataFrame:
        assert run is runs[1]
        return TABLE

    monkeypatch.setattr(module.tracking, "search", lambda where: runs)
    monkeypatch.setattr(module.tracking, "fetch_texts", lambda runs, name: ["text"])
    monkeypatch.setattr(module, "numbers_of_run", read)


@pytest.mark.usefixtures("robustness")
def test_rows_of_the_run_and_of_the_robustness_run() -> None:
    row = {"gaussian3_accuracy": 0.4, "gaussian3_minority_recall": 0.1}
    assert measured_noise(CHILD, 0.8, row) == {
        "gaussian, severity 3": {"accuracy": 0.4, "minority recall": 0.1},
        "blur, mean of severities 1, 5": {
            "accuracy": pytest.approx(0.4),
            "balanced accuracy": 0.5,
            "minority recall": 0.25,
        },
    }


@pytest.mark.usefixtures("robustness")
def test_the_dense_network_has_its_rows() -> None:
    assert list(measured_noise(CHILD, 0.0, {})) == ["blur, severity 2"]


@pytest.mark.usefixtures("robustness")
def test_a_table_that_cannot_be_read_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged(run: object, name: str, text: str) -> pd.DataFrame:
        raise ResourceError("table.csv is damaged")

    monkeypatch.setattr(module, "numbers_of_run", damaged)
    assert measured_noise(CHILD, 0.8, {}) == {}
    assert "left out: table.csv is damaged" in capsys.readouterr().err
