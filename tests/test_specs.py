import pytest

import leastloss as ll
from leastloss.criteria import CRITERIA, MILS, NeuralCollapse, ScatterSlope, as_criterion
from leastloss.errors import InputError


@pytest.mark.parametrize("name", CRITERIA)
def test_a_plain_name_is_its_own_label(name: str) -> None:
    assert as_criterion(name).label == name


@pytest.mark.parametrize(
    ("spec", "criterion", "label"),
    [
        ("mils-bdm:block=3", MILS(block=3), "mils-bdm:block=3"),
        ("mils-entropy: pooled = False", MILS(complexity="entropy", pooled=False), None),
        ("mils-bdm:block=4:boundary=periodic", MILS(), "mils-bdm"),
        ("mils-bdm:complexity=entropy", MILS(complexity="entropy"), "mils-entropy"),
        ("nc:protect=1:gamma=0.1", NeuralCollapse(gamma=0.1), "nc:gamma=0.1"),
    ],
)
def test_specs_and_labels(spec: str, criterion: object, label: str | None) -> None:
    found = as_criterion(spec)
    assert found == criterion
    assert found.label == (label or "mils-entropy:pooled=false")
    assert as_criterion(found.label) == found


def test_the_former_name_still_reads() -> None:
    assert as_criterion("seed-nc:leak=true") == ScatterSlope(leak=True)
    assert as_criterion("seed-nc").label == "scatter-slope"
    assert ll.criteria.SeedNC is ScatterSlope
    assert "seed-nc" not in ll.criteria()


def test_defaults_fill_in_what_a_spec_leaves_open() -> None:
    defaults = {"boundary": "ignore", "encoding": "sign"}
    assert as_criterion("mils-bdm:boundary=periodic", defaults) == MILS(encoding="sign")
    assert as_criterion("nc", defaults) == NeuralCollapse()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mils-bdm:blocks=3", "unknown option 'blocks'; did you mean 'block'"),
        ("mils-bdm:block=x", "block is 'x'; it must be an integer"),
        ("mils-bdm:pooled=1", "pooled is '1'; it must be true or false"),
        ("mils-bdm:block", "'block' in 'mils-bdm:block' is no option; write mils-bdm:option=value"),
        ("nc:gamma=a", "gamma is 'a'; it must be a number"),
        ("nc:gamma=1e20", "gamma is '1e20'; it must be a number of at most 1,000,000,000"),
        ("nc:gamma=nan", "gamma is 'nan'; it must be a number of at most"),
        ("mils-bdm:block=99999999999999999999", "it must be an integer of at most 1,000,000,000"),
        ("nc:gamma=1:gamma=2", "sets 'gamma' twice"),
        ("random:seed=1", "'random' has no options; seed given"),
        ("mils:block=3", "unknown criterion 'mils'"),
    ],
)
def test_what_is_no_spec_says_why(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_criterion(spec)
