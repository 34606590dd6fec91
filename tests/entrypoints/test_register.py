"""A colleague loads a registered network by its alias."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry, children, logged, refused

OPTIONS = {"criteria": "magnitude", "register": "digits", "sparsities": "0.2,0.9"}


def test_aliases_load_what_was_logged(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    called = entry("prune", run_id=pipeline["taught"], **OPTIONS)
    assert called.exit_code == 0, called.output
    assert "registered: models:/digits@best-minority-recall is version " in called.output
    parent = called.stdout.splitlines()[-1].split()[-1]
    child = children(finished, parent)["magnitude"]
    models = {model.model_id: model for model in logged(finished, child).values()}
    best = finished.get_model_version_by_alias("digits", "best-minority-recall")
    model_id = best.source.removeprefix("models:/")
    assert best.tags["criterion"] == "magnitude"
    assert float(best.tags["sparsity"]) == float(models[model_id].tags["leastloss.sparsity"])
    assert {"minority_recall", "balanced_accuracy"} <= set(best.tags)
    assert len(finished.search_model_versions("name = 'digits'")) == len(models)
    network = mlflow.pytorch.load_model("models:/digits@best-minority-recall")
    assert network(torch.zeros(3, 1, 8, 8)).shape == (3, 10)


def test_bad_names_are_refused_before_anything_is_trained(
    finished: MlflowClient, entry: Entry
) -> None:
    assert "register is 'a/b'" in refused(entry("prune", register="a/b"), 2)
    line = refused(entry("prune", register="a", artifacts="light"), 2)
    assert line == "register needs logged networks; leave artifacts at 'full'"


COLLEAGUE = """
import re, sys
from importlib import metadata
from importlib.machinery import PathFinder

owners = metadata.packages_distributions()
wanted, names = ["mlflow", "torch"], set()
while wanted:
    name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
    if name not in names:
        names.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        wanted += [re.split(r"[ ;<>=!~(\\[]", need)[0] for need in needs if "extra ==" not in need]

class OnlyThese(PathFinder):
    @classmethod
    def find_spec(cls, module, path=None, target=None):
        of = owners.get(module.split(".")[0], [])
        if not of or names & {re.sub(r"[-_.]+", "-", owner).lower() for owner in of}:
            return super().find_spec(module, path, target)

sys.meta_path = [OnlyThese if finder is PathFinder else finder for finder in sys.meta_path]
import mlflow, torch
network = mlflow.pytorch.load_model(sys.argv[1])
assert not {"leastloss", "numba", "torchvision"} & set(sys.modules)
torch.save(network(torch.load(sys.argv[2])), sys.argv[3])
"""


@pytest.mark.slow
def test_a_colleague_needs_mlflow_and_torch_alone(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], tmp_path: Path
) -> None:
    called = entry("prune", run_id=pipeline["taught"], **OPTIONS)
    assert called.exit_code == 0, called.output
    address, x = "models:/digits@smallest-within-2-points", torch.rand(4, 1, 8, 8)
    torch.save(x, tmp_path / "x.pt")
    done = subprocess.run(
        [sys.executable, "-c", COLLEAGUE, address, "x.pt", "y.pt"],
        cwd=tmp_path,
        env=os.environ | {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = mlflow.pytorch.load_model(address)(x)
    assert torch.equal(torch.load(tmp_path / "y.pt"), expected)


@pytest.mark.slow
def test_a_served_network_answers_a_request(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    called = entry("prune", run_id=pipeline["taught"], **OPTIONS)
    assert called.exit_code == 0, called.output
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = "models:/digits@best-minority-recall"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", address, "-p", str(port)]
    store = {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(), "PYTHONPATH": ""}
    server = subprocess.Popen(
        [*command, "-h", "127.0.0.1", "--env-manager", "local", "--workers", "1"],
        env=os.environ | store,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    x = np.random.default_rng(0).random((2, 1, 8, 8), dtype=np.float32)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps({"inputs": x.tolist()}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        answer = asked_until_it_answers(request, server)
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)
    expected = mlflow.pytorch.load_model(address)(torch.from_numpy(x))
    assert np.allclose(answer["predictions"], expected.numpy(), atol=1e-5)


def asked_until_it_answers(
    request: urllib.request.Request, server: "subprocess.Popen[bytes]"
) -> dict[str, list[list[float]]]:
    end = time.monotonic() + 180
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                found: dict[str, list[list[float]]] = json.load(reply)
            return found
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > end or server.poll() is not None:
                raise
            time.sleep(0.5)
