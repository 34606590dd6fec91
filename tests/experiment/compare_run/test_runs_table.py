"""Labels of methods."""

from tests.experiment.runs import run

from leastloss.experiment.compare_run.runs_table import labels_of


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
