"""A run with files, for tests of how they are read."""

import numpy as np
import pytest
from mlflow import MlflowClient

from leastloss import tracking


@pytest.fixture
def kept(store: MlflowClient) -> str:
    """A finished run with a text and an array."""
    with tracking.run("train", "t", {}, exports=False) as run_id:
        tracking.log_text(run_id, "step\n0\n", "table.csv")
        tracking.log_array(run_id, np.arange(3), "order.npy")
    return run_id
