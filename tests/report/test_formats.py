"""Numbers are written alike on pages and in Markdown."""

import pytest

from leastloss.report.formats import number


@pytest.mark.parametrize(
    ("value", "quantity", "signed", "shown"),
    [
        (-0.0004, "accuracy", True, "0.0"),
        (-0.031, "minority_recall", True, "−3.1"),
        (0.5, "sparsity", False, "50.0"),
        (float("nan"), "accuracy", False, "–"),
        (0.123456, "nc1", False, "0.123"),
    ],
)
def test_number(value: float, quantity: str, signed: bool, shown: str) -> None:
    assert number(value, quantity, signed) == shown
