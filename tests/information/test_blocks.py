"""Which cells a cut into blocks reaches."""

import numpy as np

from leastloss.information import (
    covered,
)


def test_covered():
    assert covered((9, 8)).sum() == 64
    assert covered((9, 8), boundary="recursive").sum() == 64  # 1 x 4 strips hold no 2 x 2 square
    assert covered((10, 8), boundary="recursive").all()
    strip = covered((7, 8), boundary="recursive")  # each 3 x 4 piece holds one 3 x 3 square
    assert np.argwhere(~strip).tolist() == [[row, col] for row in (4, 5, 6) for col in (3, 7)]
    assert covered((1, 3), boundary="periodic").all()
