"""Weights that others trained, from the files in which people publish them; nothing is run."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.data import check_memory
from leastloss.errors import InputError, ResourceError
from leastloss.models.files import load_network

_INSIDE = ("state_dict", "model_state_dict", "model", "net")
_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and torch.compile
_OURS = "network."  # where a network of torchvision stands in ours
_OTHER_NAMES = (("fc.", "linear."), ("downsample.", "shortcut."))  # of layers of a ResNet


@checked
def load_checkpoint(path: str | Path, into: nn.Module) -> nn.Module:
    """Fill a network with published weights.

    Args:
        path: A file of :func:`torch.save` (``.pth``, ``.pt``, ``.th``, ``.tar``) with a state dict,
            bare or under ``state_dict``, ``model_state_dict``, ``model`` or ``net``; or of
            safetensors, also one of :func:`leastloss.save_network`. Prefixes of ``DataParallel``
            (``module.``) and ``torch.compile`` are left out.
        into: A network of the same layers.

    Returns:
        The network, in evaluation mode. What its pixels are to be normalised by, the file does not
        say: see :class:`leastloss.Normalize`.

    Raises:
        InputError: If the weights are of other layers than the network's.
        ResourceError: If the file is missing, damaged, holds more than tensors and plain values, or
            values that are not finite.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     state = {"module.weight": torch.ones(1, 2), "module.bias": torch.zeros(1)}
        ...     torch.save({"state_dict": state, "epoch": 3}, f"{folder}/net.pth")
        ...     load_checkpoint(f"{folder}/net.pth", nn.Linear(2, 1)).weight.tolist()
        [[1.0, 1.0]]
    """
    path = Path(path)
    if not os.path.isfile(path):  # which knows names, too, that no file can have
        raise ResourceError(f"there is no file {path}")
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, framework="pt") as file:
                ours = "leastloss" in (file.metadata() or {})
            if ours:
                return load_network(path, into)
            state = load_file(path)
        except (SafetensorError, OSError) as error:
            raise _damaged(path, error) from None
    else:
        state = _state_in(path)
    return _filled(path, into, _without_prefixes(state))


def _state_in(path: Path) -> dict[str, Tensor]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                check_memory(path.name, sum(entry.file_size for entry in archive.infolist()))
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ResourceError(
            f"{path.name} is damaged, or holds more than tensors and plain values: it could run "
            "code when it is opened, so it is not; save its state_dict alone"
        ) from None
    except ResourceError:
        raise
    except (OSError, RuntimeError, EOFError, ValueError, LookupError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from None
    for name in _INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping) or not content:
        raise ResourceError(f"{path.name} holds no state dict, but a {type(content).__name__}")
    odd = [name for name, value in content.items() if not isinstance(value, Tensor)]
    if odd:
        raise ResourceError(f"{path.name} holds no state dict: its {odd[0]!r} is no tensor")
    return {str(name): value for name, value in content.items()}


def _without_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Leave out what wrappers put before every name.

    Example:
        >>> list(_without_prefixes({"module._orig_mod.a": torch.ones(1)}))
        ['a']
    """
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return dict(state)


def _filled(path: Path, network: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    wanted = network.state_dict()
    if not wanted.keys() & state.keys():
        state = {_OURS + name: value for name, value in state.items()}
    for theirs, ours in _OTHER_NAMES:
        renamed = {name: name.replace(theirs, ours) for name in state if name not in wanted}
        state = {renamed.get(name, name): value for name, value in state.items()}
    # Files from before BatchNorm counted batches lack the counts, which nothing here reads.
    counts = {name: value for name, value in wanted.items() if name.endswith("num_batches_tracked")}
    state = counts | state
    odd = [name for name in [*wanted, *state] if name not in wanted or name not in state]
    if odd:
        side = "lacks" if odd[0] in wanted else "has"
        raise InputError(f"{path.name} is of another network: it {side} {odd[0]!r}")
    for name, value in wanted.items():
        if state[name].shape != value.shape:
            raise InputError(
                f"{path.name} is of another network: its {name!r} has the shape "
                f"{tuple(state[name].shape)}, not {tuple(value.shape)}"
            )
        if not torch.isfinite(state[name]).all():
            raise ResourceError(f"{path.name} holds NaN or infinite values in {name!r}")
    network.load_state_dict(state)
    return network.eval()


def _damaged(path: Path, error: Exception) -> ResourceError:
    reason = " ".join(str(error).split())[:120]
    return ResourceError(f"{path.name} is damaged, or no file of weights: {reason}")
