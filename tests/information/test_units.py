"""Hidden units as sets of cells."""

import numpy as np
import pytest
from tests.information import reference

from leastloss.information import (
    COMPLEXITIES,
    encode,
    unit_information_loss,
)


@pytest.mark.parametrize("encoding", ["polarity", "sign"])
@pytest.mark.parametrize("name", list(COMPLEXITIES))
@pytest.mark.parametrize("boundary", ["ignore", "periodic", "recursive", "overlapping"])
def test_units_equal_recomputation(encoding, name, boundary):
    generator = np.random.default_rng(1)
    layers = [generator.integers(-1, 2, shape) for shape in ((6, 9), (5, 6), (4, 5))]
    planes = [plane for layer in layers for plane in encode(layer, encoding)]
    per = len(planes) // 3
    incoming, outgoing = range(per), range(per, 2 * per)
    losses = unit_information_loss(planes, incoming, outgoing, complexity=name, boundary=boundary)
    assert losses.shape == (6,)
    pools = [0] * len(planes)
    before = reference.complexity(planes, name, 4, boundary, pools)
    for unit, loss in enumerate(losses):
        pruned = [layer.copy() for layer in layers]
        pruned[0][unit] = 0
        pruned[1][:, unit] = 0
        after = [plane for layer in pruned for plane in encode(layer, encoding)]
        expected = before - reference.complexity(after, name, 4, boundary, pools)
        assert loss == pytest.approx(expected, abs=1e-9)
