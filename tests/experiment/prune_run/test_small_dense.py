"""What is logged of small dense networks."""

from leastloss.experiment.prune_run.small_dense import _metrics


def test_the_sparsity_is_logged_after_what_is_compared() -> None:
    row = {"step": 3.0, "removed": 50.0, "sparsity": 0.5, "accuracy": 0.9, "loss": 0.4}
    step, told = _metrics(row)
    assert step == 3
    assert list(told.items()) == [("accuracy", 0.9), ("loss", 0.4), ("sparsity", 0.5)]
