"""Versions of registered models, and their aliases."""

import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import InputError, ResourceError


def test_a_logged_model_becomes_the_next_version(store: MlflowClient) -> None:
    with tracking.run("train", "t", {}, exports=False) as run_id:
        experiment = store.get_run(run_id).info.experiment_id
    models = [store.create_logged_model(experiment, name="pruned") for _ in range(2)]
    versions = [
        tracking.register_model("small", model.model_id, run_id, {"sparsity": "0.5"})
        for model in models
    ]
    assert versions == ["1", "2"]
    tracking.set_alias("small", "best", "2")
    found = store.get_model_version_by_alias("small", "best")
    assert (found.version, found.run_id, found.tags) == (2, run_id, {"sparsity": "0.5"})
    assert found.source == f"models:/{models[1].model_id}"
    with pytest.raises(ResourceError, match=r"the tracking store .* fails"):
        tracking.set_alias("small", "best", "9")


@pytest.mark.parametrize("name", ["a/b", "a:b", "a@b", "  "])
def test_names_that_no_address_can_hold_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="a name without / : @ is needed"):
        tracking.check_model_name(name)
