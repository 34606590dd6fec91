"""Which arms a study has, and what tells them apart."""

from unittest import mock

import pytest
from tests.experiment.study.test_study_file import given

from leastloss.experiment.study.study import Study
from leastloss.experiment.study.study_file import study_of


def test_a_method_tells_what_is_not_the_default_and_the_repair_where_it_varies() -> None:
    arms = [
        {"criteria": "nc", "recovery": ["none", "recalibrate"]},
        {"criteria": "random", "recovery": "none", "schedule": ["one-shot", "iterative"]},
    ]
    study = study_of(given(arm=arms, report={"recoveries": "together", "sparsities": [0.5]}))
    assert [study.method(arm) for arm in study.arms] == [
        "nc, recovery=none",
        "nc, recovery=recalibrate",
        "random, recovery=none, schedule=one-shot",
        "random, recovery=none",
    ]
    assert study.varied() == ["schedule", "recovery"]
    assert len(study.calls()) == 3  # nc and random share the one without repair


def test_names_of_many_arms_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    named = mock.Mock(wraps=Study._name)
    monkeypatch.setattr(Study, "_name", lambda study, arm, steps: named(study, arm, steps=steps))
    arms = [{"criteria": "nc", "recovery": ["none", "recalibrate", "refit"]}]
    study = study_of(given(arm=arms, report={"recoveries": "together", "sparsities": [0.5]}))
    named.reset_mock()
    methods = [study.method(arm) for arm in study.arms]
    assert len(set(methods)) == 3
    assert named.call_count <= 2 * len(study.arms)
