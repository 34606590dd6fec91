"""The command that makes runs again."""

from tests.experiment.runs import run

from leastloss.experiment.commands import command_of, row_command


def test_the_command_of_a_row_names_what_is_not_the_default() -> None:
    runs = [run(i, seed=str(i), dense_seed=str(i), sparsities="0.5,0.9") for i in (10, 2)]
    assert command_of(runs) == (
        "for seed in 2 10; do mlflow run . -e prune -P model=mlp -P hidden=8 -P sparsities=0.5,0.9 "
        "-P recovery=none -P criteria=nc -P controls=no -P seed=$seed; done"
    )


def test_the_command_of_a_control_is_that_of_its_method() -> None:
    tags = {"leastloss.controls_of": "nc"}
    text = command_of([run(1, criterion="shuffled@nc", tags=tags)])
    assert text.endswith("-P criteria=nc -P seed=0")
    assert "controls" not in text
    assert "criteria=c,b@c,a@b@c " in command_of([run(1, criterion="a@b@c")])


def test_a_run_older_than_the_option_had_a_balanced_validation_part() -> None:
    params = {key: value for key, value in run(1).data.params.items() if key != "validation"}
    assert "-P validation=balanced" in row_command(params, {})
    assert "validation" not in row_command(run(1).data.params, {})


def test_the_command_of_another_seed_names_the_network() -> None:
    text = command_of([run(1, seed="5", run_id="abc")])
    assert "-P run_id=abc -P seed=5" in text
    assert "hidden" not in text


def test_what_the_sparsities_imply_goes_unsaid_and_an_empty_value_does_not() -> None:
    params = run(1, hidden="", sparsities="0.5", steps="1", to_sparsity="0.5").data.params
    text = row_command(params, {})
    assert "-P hidden='' -P sparsities=0.5" in text
    assert "steps" not in text
    assert "to_sparsity" not in text


def test_a_subset_of_its_own_for_each_seed() -> None:
    runs = [run(i, seed=str(i), dense_seed=str(i), replicate=str(i)) for i in (0, 1)]
    assert "-P replicate=$seed -P seed=$seed" in command_of(runs)
    assert "-P replicate=1 -P seed=1" in command_of(runs[1:])
