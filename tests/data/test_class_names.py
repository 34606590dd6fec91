import numpy as np
import pytest

from leastloss.data.class_names import numbered_labels, plain_text, told_apart
from leastloss.errors import InputError


def numbered(*labels, **names):
    return numbered_labels({"train": np.array(labels)}, **names)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (("b", "a", "b"), ("a", "b")),
        ((7, 3, 7), ("3", "7")),
        ((-1.0, 1.0, 1.0), ("-1", "1")),
        ((0, -100, 1, 0, 255), ("-100", "0", "1", "255")),
        ((False, True, True), ("False", "True")),
        ((0, 1, 1), ()),
    ],
)
def test_labels_of_every_kind_become_numbers(labels, names):
    numbers, told, classes = numbered(*labels)
    assert (told, classes) == (names, len({*labels}))
    assert numbers["train"].dtype == np.int64
    values = sorted({*labels})
    assert [values[number] for number in numbers["train"]] == list(labels)


def test_splits_share_their_numbers():
    parts = {"train": np.array(["a", "b", "c", "c"]), "test": np.array(["c"])}
    assert numbered_labels(parts)[0]["test"].tolist() == [2]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"train": np.array(["a", "a"])}, "all 2 labels are 'a'"),
        ({"train": np.arange(100)}, "100 different labels, like 0"),
        ({"train": np.array([0.5, 1.0])}, "labels of train are float64"),
        ({"train": np.zeros((2, 2))}, "all 4 labels are 0"),
        ({"train": np.full((2, 2), 255)}, "no position has a label"),
        ({"train": np.array(1)}, "the shape ()"),
        ({"train": np.array([0, 1]), "test": np.array([2])}, "class 2 has no training sample"),
        ({"train": np.array([object(), None])}, "labels of train are object"),
    ],
)
def test_what_is_no_class_is_refused(parts, words):
    with pytest.raises(InputError) as error:
        numbered_labels(parts)
    assert words in str(error.value)


def test_names_may_be_given():
    assert numbered(0, 1, 0, names=["no", "yes"])[1] == ("no", "yes")
    with pytest.raises(InputError, match="3 names of classes and 2 classes"):
        numbered(0, 1, 0, names=["no", "yes", "perhaps"])


def test_names_are_one_line_without_what_is_not_seen():
    assert plain_text("a\r\n\tb\x1b[2J\u202e\u200bc") == "a b [2J c"
    assert plain_text("x" * 100) == "x" * 39 + "…"
    assert told_apart(["a", "a\n", "", "\x00"]) == ("a", "a (2)", "(empty)", "(empty) (2)")


def test_infinite_labels_are_no_classes():
    with pytest.raises(InputError, match="labels of train are float64"):
        numbered(0.0, np.inf, 1.0, 0.0, 1.0)
