from pathlib import Path

import pytest

from leastloss.data.own.names import data_name
from leastloss.data.own.read import read_own
from leastloss.errors import InputError


def test_artifacts_are_fetched_by_the_commands():
    name = data_name("runs:/0123/a.npz")
    with pytest.raises(InputError, match=r"runs:/0123/a\.npz is in a tracking store"):
        read_own(name, size=None, seed=0)
    assert name.path == Path("runs:/0123/a.npz")
