"""Names, tags and notes of runs."""

from tests.experiment.runs import run

from leastloss.experiment.run_names import child_name, name_tags, note_of


def test_names_and_tags() -> None:
    params = run(1).data.params
    assert child_name(params) == "nc · weight · digits exp-20 · s0"
    tags = name_tags(params)
    assert tags["leastloss.method"] == "nc"
    assert tags["leastloss.dataset"] == "digits exp-20"
    assert tags["leastloss.model"] == "mlp 8"


def test_a_note_says_what_is_not_the_default() -> None:
    params = run(1).data.params | {"epochs": "300", "lr": "0.5", "replicate": "2", "data_dir": "x"}
    note = note_of(params, "Prunes.", "mlflow run .")
    assert "- data: dataset digits, imbalance exp, replicate 2\n" in note
    assert "- network: model mlp, hidden 8, lr 0.5\n" in note
    assert note.endswith("```sh\nmlflow run .\n```")
