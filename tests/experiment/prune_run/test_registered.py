"""Which version each alias stands for."""

from leastloss.experiment.prune_run.registered import BEST, SMALLEST, Version, choose_versions

DENSE = {"val_balanced_accuracy": 0.9, "val_minority_recall": 0.8}


def version(number: int, sparsity: float, balanced: float, minority: float) -> Version:
    row = {"val_balanced_accuracy": balanced, "val_minority_recall": minority}
    return Version(version=str(number), sparsity=sparsity, row=row)


def test_both_metrics_must_be_near_dense() -> None:
    versions = [
        version(1, 0.5, 0.9, 0.80),
        version(2, 0.8, 0.88, 0.78),
        version(3, 0.9, 0.9, 0.70),
        version(4, 0.95, 0.7, 0.80),
    ]
    assert choose_versions(versions, DENSE) == {SMALLEST: "2", BEST: "4"}
    assert choose_versions(versions[2:3], DENSE) == {BEST: "3"}
    assert choose_versions([], DENSE) == {}


def test_a_recall_that_cannot_be_measured_chooses_nothing() -> None:
    nan = float("nan")
    only = [version(1, 0.5, 0.9, nan)]
    assert choose_versions(only, DENSE | {"val_minority_recall": nan}) == {SMALLEST: "1"}
