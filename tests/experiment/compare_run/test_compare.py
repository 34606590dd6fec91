"""What ``compare`` is asked for: its runs, its command, what is refused."""

from types import SimpleNamespace
from typing import Any

import pytest

from leastloss.errors import InputError
from leastloss.experiment.compare_run import compare as recipe
from leastloss.experiment.config import CompareConfig


def test_the_command_names_what_is_not_the_default_and_the_runs_it_found() -> None:
    config = CompareConfig(sparsities="0.5,0.9", against="magnitude; nc")
    assert recipe._command(config, "runs=abc") == (
        "mlflow run . -e compare -P runs=abc -P sparsities=0.5,0.9 -P 'against=magnitude; nc'"
    )


@pytest.mark.parametrize(
    ("options", "runs", "selected"),
    [
        ({"runs": "a,b"}, ["a", "b"], "runs=a,b"),
        ({"experiment": "tiny"}, "tiny", "experiment=tiny"),
        ({}, "newest prune", "runs=newest prune"),
    ],
)
def test_runs_are_named_or_of_an_experiment_or_the_newest(
    options: dict[str, str], runs: object, selected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "criterion_runs", lambda ids, unfinished: list(ids))
    monkeypatch.setattr(recipe, "runs_of", lambda experiment: experiment)
    monkeypatch.setattr(recipe, "newest", lambda kind: f"newest {kind}")
    monkeypatch.setattr(recipe, "children", lambda parent: parent)
    assert recipe._runs(CompareConfig(**options)) == (runs, selected)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": ""}, "metrics is empty"),
        ({"runs": "a", "experiment": "b"}, "runs and experiment are both given"),
    ],
)
def test_what_is_refused_before_any_run_is_read(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recipe.compare(CompareConfig(**options))


def test_methods_are_listed_in_the_order_of_the_runs() -> None:
    criteria = {"wanda, noise": "wanda", "snip, noise": "snip", "obs": "obs", "margin": "margin"}
    labels = {label: SimpleNamespace(criterion=name) for label, name in criteria.items()}
    several: Any = SimpleNamespace(labels=labels)
    assert recipe._against(CompareConfig(against="obs; snip"), several) == ("obs", "snip")
    with pytest.raises(
        InputError, match=r"are: wanda, noise, snip, noise, obs, margin, wanda, snip$"
    ):
        recipe._against(CompareConfig(against="zzz"), several)
