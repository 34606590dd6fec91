"""A logged model runs where leastloss is not installed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from packaging.requirements import Requirement
from tests.entrypoints.conftest import ROOT, children, last_model

from leastloss.data import load_data
from leastloss.models.files import read_network
from leastloss.tracking import register_model, set_alias

LOADS = """
import importlib.util, sys
import mlflow, numpy as np, torch

assert importlib.util.find_spec("leastloss") is None
model, inputs, outputs = sys.argv[1:]
x = np.load(inputs)
network = mlflow.pytorch.load_model(model)
with torch.inference_mode():
    by_torch = network(torch.from_numpy(x)).numpy()
by_pyfunc = np.asarray(mlflow.pyfunc.load_model(model).predict(x))
np.save(outputs, np.stack([by_torch, by_pyfunc]))
"""


def locked() -> dict[str, str]:
    """Package -> version of the lock for this Python and platform."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[\w.-]+==", line)]
    fit = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    return {pin.name: next(iter(pin.specifier)).version for pin in fit}


@pytest.mark.slow
def test_loads_by_its_alias_and_predicts(
    finished: MlflowClient, pipeline: dict[str, str], tmp_path: Path
) -> None:
    child = children(finished, pipeline["own"])["nc"]
    uri = last_model(finished, child).model_uri
    version = register_model("digits", uri.removeprefix("models:/"), child.info.run_id, {})
    set_alias("digits", "smallest-within-2-points", version)
    folder = tmp_path / "model"
    mlflow.artifacts.download_artifacts(uri, dst_path=str(folder))
    needs = (folder / "requirements.txt").read_text().split()
    pins = locked()
    for name, _, version in (need.partition("==") for need in needs):
        assert pins[name] == version, "the environment is not the one of the lock"

    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert uv is not None
    plain = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    python = tmp_path / "clean/bin/python"
    subprocess.run([uv, "venv", "--python", sys.executable, tmp_path / "clean"], check=True)
    constraints = tmp_path / "constraints.txt"  # the lock is for all platforms: versions only
    constraints.write_text("\n".join(f"{name}=={version}" for name, version in pins.items()))
    install = [uv, "pip", "install", "--python", python, "--constraints", constraints]
    subprocess.run([*install, "--requirements", folder / "requirements.txt"], check=True, env=plain)
    missing = subprocess.run([python, "-c", "import leastloss"], cwd=tmp_path, env=plain)
    assert missing.returncode == 1

    x = load_data("digits").test.x
    np.save(tmp_path / "x.npy", x.numpy())
    strict = plain | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    strict |= {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
    alias = "models:/digits@smallest-within-2-points"
    call = [python, "-c", LOADS, alias, tmp_path / "x.npy", tmp_path / "y.npy"]
    subprocess.run(call, check=True, cwd=tmp_path, env=strict)
    weights = finished.download_artifacts(child.info.run_id, "pruned_weights.safetensors")
    with torch.inference_mode():
        wanted = read_network(Path(weights))[0](x).numpy()
    for found in np.load(tmp_path / "y.npy"):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
