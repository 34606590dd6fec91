"""Perceptrons and their sizes."""

import pytest

from leastloss.errors import InputError
from leastloss.models import MLP, build_model


def test_impossible_widths_are_refused() -> None:
    with pytest.raises(InputError, match="hidden=\\(0,\\)"):
        MLP(4, (0,), 2)
    with pytest.raises(InputError, match="unknown model 'mpl'; did you mean 'mlp'"):
        build_model("mpl", 4, (3,), 2)
