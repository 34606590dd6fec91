"""The registry of criteria."""

import leastloss as ll
from leastloss.criteria import CRITERIA, Criterion


def test_the_registry_is_what_is_listed() -> None:
    listed = ll.criteria()
    assert set(listed) == set(CRITERIA)
    for name, make in CRITERIA.items():
        criterion = make()
        assert isinstance(criterion, Criterion)
        assert criterion.name == name
        assert listed[name] == criterion.summary
        assert "\n" not in criterion.summary
        assert len(criterion.summary) > 10
