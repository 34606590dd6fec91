"""Whether compared runs were made alike, and the sentence that says what differs."""

import pytest
from tests.experiment.runs import run

from leastloss.experiment.environments import commit_of, environment_keys, made_unlike

CPU = "leastloss.hardware.cpu"


def test_runs_of_one_machine_need_no_sentence() -> None:
    alike = {"threads": "1", CPU: "A", "git.commit": "a"}
    assert made_unlike({"nc": [run(1, tags=alike), run(2, tags=alike)]}) == []


def test_runs_of_different_commits_are_not_alike() -> None:
    commits = [{"git.commit": "a" * 40}, {"git.commit": "a" * 40, "git.dirty": "true"}]
    (line,) = made_unlike({"nc": [run(i, tags=tags) for i, tags in enumerate([*commits, {}])]})
    assert line.endswith(
        "differ: commit is aaaaaaaaaa (1 run) and aaaaaaaaaa with changes (1 run)."
    )


def test_a_tag_that_older_runs_lack_is_no_difference() -> None:
    assert made_unlike({"nc": [run(1, tags={CPU: "A"}), run(2)]}) == []


def test_the_sentence_says_which_differ_and_how() -> None:
    tags = {"threads": "1", "version.torch": "2.11", CPU: "A"}
    other = tags | {"threads": "2", "version.torch": "2.12"}
    third = tags | {CPU: "B", "leastloss.deterministic": "true"}
    runs = {"nc": [run(1, tags=tags), run(2, tags=tags)], "random": [run(3, tags=other)]}
    (line,) = made_unlike(runs | {"magnitude": [run(4, tags=third)]})
    assert line == (
        "The compared runs were not made alike, so times are not comparable and last digits may "
        "differ: torch is 2.11 (3 runs, of `nc`, `magnitude`) and 2.12 (1 run, of `random`); "
        "threads is 1 (3 runs, of `nc`, `magnitude`) and 2 (1 run, of `random`); "
        "cpu is A (3 runs, of `nc`, `random`) and B (1 run, of `magnitude`)."
    )


def test_versions_come_first_and_hardware_last() -> None:
    tags = {CPU: "A", "version.torch": "2", "version.numpy": "1", "leastloss.kind": "criterion"}
    keys = environment_keys([run(1, tags=tags | {"leastloss.deterministic": "false"})])
    assert keys[:3] == ["version.numpy", "version.torch", "device"]
    assert keys[-2:] == ["leastloss.deterministic", CPU]


@pytest.mark.parametrize(
    ("tags", "commit"),
    [
        ({}, "unknown"),
        ({"git.commit": "0123456789abcdef", "git.dirty": "false"}, "0123456789"),
        ({"git.commit": "0123456789abcdef", "git.dirty": "true"}, "0123456789 with changes"),
    ],
)
def test_the_commit_of_a_run(tags: dict[str, str], commit: str) -> None:
    assert commit_of(run(1, tags=tags)) == commit
