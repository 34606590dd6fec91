"""A metric against description lengths."""

import numpy as np
import pytest
from tests.plots.paths import SPARSITIES, lines, runs

from leastloss.errors import InputError
from leastloss.plots import METHODS, lengths_figure


def test_lengths_are_shares_of_the_dense_networks() -> None:
    table = runs(seeds=[0])
    table["bdm_bits"] = 500.0 * (1 - table["sparsity"])
    figure = lengths_figure(table, ["bdm_bits"], title="digits")
    (ax,) = figure.axes
    line = lines(ax)[METHODS["nc"].color.lower()]
    assert np.allclose(line.get_xdata(), 1 - np.array(SPARSITIES))
    assert np.allclose(line.get_ydata(), [0.9 - 0.2 * p for p in SPARSITIES])
    assert figure.get_suptitle().startswith("digits")


def test_a_length_that_is_missing_is_named() -> None:
    with pytest.raises(InputError, match="bdm_bits"):
        lengths_figure(runs(), ["bdm_bits"])
