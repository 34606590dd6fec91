"""What a run kept is read as it was logged, wherever the store went, or refused in one line."""

import numpy as np
import pytest
from mlflow import MlflowClient
from tests.tracking.cases import place, read

from leastloss import tracking
from leastloss.errors import ResourceError


def test_every_file_has_a_digest_that_is_checked(store: MlflowClient, kept: str) -> None:
    assert read(kept) == "step\n0\n"
    assert tracking.fetch_array(kept, "order.npy").tolist() == [0, 1, 2]
    (place(store, kept) / "table.csv").write_text("step\n1\n")
    np.save(place(store, kept) / "order.npy", np.zeros(3, dtype=int))
    said = f"table.csv of run {kept!r} was changed after it was logged: its sha256 is "
    for call in (lambda: read(kept), lambda: tracking.fetch_table(kept, "table.csv")):
        with pytest.raises(ResourceError, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)
    with pytest.raises(ResourceError, match=f"order.npy of run {kept!r} was changed"):
        tracking.fetch_array(kept, "order.npy")


def test_runs_without_digests_stay_readable(store: MlflowClient, kept: str) -> None:
    store.delete_tag(kept, "sha256.table.csv")
    (place(store, kept) / "table.csv").write_text("step\n1\n")
    assert read(kept) == "step\n1\n"
