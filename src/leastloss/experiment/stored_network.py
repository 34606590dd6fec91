"""Networks that are brought: from a tracking store or from an exported file."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from leastloss import tracking
from leastloss.data import Data
from leastloss.errors import InputError, ResourceError
from leastloss.models import (
    as_classifier,
    build_model,
    load_exported,
    load_network,
    network_facts,
    own_network,
    read_network,
)

WEIGHTS, PRUNED = "dense_weights.safetensors", "pruned_weights.safetensors"
_SAME = 1e-5  # of sparsities, of which tags hold six digits


def brought_network(name: str, *, trust: bool) -> nn.Module:
    """Fetch a network that has its weights already.

    Args:
        name: ``models:/name@alias``, ``models:/name/3``, ``models:/<model id>``,
            ``runs:/<id>/<path>``, or a ``.pt2`` file.
        trust: Whether files may be opened that can run code. Networks that leastloss logged need
            no trust: their weights are read from the run that made them.

    Raises:
        InputError: If only trust would open it, or no layer of it can be pruned.
        ResourceError: If there is no such network.
    """
    if own_network(name) == "exported":
        return _exported(Path(name).expanduser(), name, trust)
    with tempfile.TemporaryDirectory() as folder:
        path = tracking.fetch_model(name, Path(folder))
        about = tracking.model_facts(name, path)
        network = _of_a_run(about, trust)
        if network is not None:
            return network
        graph = path / "data" / "model.pt2"
        if graph.is_file():
            return _exported(graph, name, trust)
        _check_trust(name, "a pickle", trust)
        return tracking.unpickled_network(name, path)


def network_of_run(
    path: Path, settings: Mapping[str, str], data: Data, *, trust: bool
) -> nn.Module:
    """Read a network that a run saved; one of a user's own is built anew, and filled.

    Args:
        path: The file of :func:`leastloss.save_network`.
        settings: The parameters with which the run's dense network was made.
        data: The run's data.
        trust: Whether a function that the run names may be called.

    Raises:
        InputError: If that needs trust.
        ResourceError: If the file is damaged, or the network is no more what it was.
    """
    name = settings["model"]
    if "network" in network_facts(path) or own_network(name) is None:
        return read_network(path)[0]
    forward = settings["forward"]
    if forward:
        check_called("forward pass", forward, trust)
    if own_network(name) == "function":
        check_called("network", name, trust)
        model = build_model(name, data.shape, (), data.classes, forward=forward)
    else:
        model = as_classifier(
            name, brought_network(name, trust=trust), data.shape, data.classes, forward=forward
        )
    return load_network(path, model)


def check_called(what: str, name: str, trust: bool) -> None:
    """Refuse to call a function that nobody named but a run."""
    if not trust:
        raise InputError(
            f"the {what} of this run is made by the function {name!r}, which would be called here; "
            "say trust=yes if you trust it"
        )


def _exported(path: Path, name: str, trust: bool) -> nn.Module:
    if not os.path.isfile(path):  # which knows names, too, that no file can have
        raise ResourceError(f"there is no file {path}")
    _check_trust(name, "an exported graph, parts of which are unpickled", trust)
    return load_exported(path)


def _check_trust(name: str, what: str, trust: bool) -> None:
    if not trust:
        raise InputError(
            f"model {name!r} is {what}: opening it can run code of whoever made it, so it is not "
            "opened; say trust=yes if you trust it"
        )


def _of_a_run(about: dict[str, Any], trust: bool) -> nn.Module | None:
    """The network that leastloss logged, from the weights of its run; None if they are no more.

    Of a step on the way it is made again, as `robustness` and `export` do.
    """
    run_id, sparsity = about.get("run_id"), about.get("sparsity")
    if not isinstance(run_id, str):
        return None
    try:
        run = tracking.find_run(run_id)
        last = float(run.data.metrics.get("sparsity", "nan"))
        if sparsity is not None and not abs(last - float(sparsity)) < _SAME:
            return _on_the_way(run, float(sparsity), trust)
        with tempfile.TemporaryDirectory() as folder:
            file = WEIGHTS if sparsity is None else PRUNED
            path = tracking.fetch_file(run_id, file, Path(folder))
            return read_network(path)[0] if "network" in network_facts(path) else None
    except (ResourceError, InputError, ValueError):
        return None


def _on_the_way(run: tracking.Run, sparsity: float, trust: bool) -> nn.Module:
    from leastloss.experiment.dense import fetch_dense  # they read stored networks themselves
    from leastloss.experiment.robustness_run.networks import pruned_network

    return pruned_network(run, fetch_dense(run.info.run_id, trust=trust), sparsity)[0]
