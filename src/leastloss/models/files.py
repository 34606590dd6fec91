"""Networks in safetensors files: state, masks and how to build the network again; no pickle."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from leastloss.errors import InputError, ResourceError
from leastloss.models.convnet import ConvNet
from leastloss.models.layers import Masks
from leastloss.models.mlp import MLP, BinarizedMLP
from leastloss.models.rebuilt import check_masks, rebuilt

# A header that was tampered with may hold values of any type.
_DAMAGED = (
    *(SafetensorError, OSError, LookupError, RuntimeError, TypeError, ValueError),
    *(ArithmeticError, AttributeError, MemoryError),
)
_MASK = "mask/"
_STATE = "state/"
_KINDS: dict[str, type[MLP | BinarizedMLP | ConvNet]] = {
    "mlp": MLP,
    "binarized-mlp": BinarizedMLP,
    "convnet": ConvNet,
}


def save_network(
    path: Path, model: nn.Module, masks: Masks, about: Mapping[str, object] | None = None
) -> None:
    """Write a network with its masks.

    Args:
        path: The file, by custom ``*.safetensors``.
        model: Any network; those of this package, also what :func:`leastloss.compact` makes of
            them, can be built again from the file alone.
        masks: What is kept, by layer; empty for a dense network.
        about: Further facts as plain JSON values.

    Raises:
        InputError: If it is a network of this package whose layers were changed by hand, so that
            it could not be built again.
        ResourceError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_network(Path(folder) / "net.safetensors", MLP(4, (3,), 2), {}, {"seed": 0})
        ...     model, masks, about = load_network(Path(folder) / "net.safetensors")
        >>> about["seed"], type(model).__name__
        (0, 'MLP')
    """
    tensors = {_STATE + name: value.contiguous() for name, value in model.state_dict().items()}
    tensors |= {_MASK + name: mask.to(torch.uint8).contiguous() for name, mask in masks.items()}
    facts = dict(about or {})
    for kind, network in _KINDS.items():
        if isinstance(model, network):
            facts["network"] = {"model": kind} | model.sizes
            _check_sizes(network, model)
    # Copies, since the tensors of one state share memory in networks with tied weights.
    copies = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
    try:
        save_file(copies, path, metadata={"leastloss": json.dumps(facts)})
    except SafetensorError as error:  # what it makes of a full disk
        raise ResourceError(f"cannot write {path.name}: {error}") from error


def _check_sizes(network: Callable[..., nn.Module], model: MLP | BinarizedMLP | ConvNet) -> None:
    """Refuse at once what nobody could read again."""
    with torch.device("meta"):  # shapes alone
        built = network(**model.sizes).state_dict()
    state = model.state_dict()
    odd = [n for n in {**built, **state} if n not in built or n not in state]
    odd += [n for n in built if n in state and built[n].shape != state[n].shape]
    if odd:
        raise InputError(
            f"a {type(model).__name__} of {model.sizes} has no such {odd[0]}: it was changed by "
            "hand and could not be built again; save its state_dict"
        )


def load_network(path: Path) -> tuple[nn.Module, Masks, dict[str, Any]]:
    """Read a network of this package, its masks and the facts saved with it.

    Returns:
        The network in evaluation mode, the masks (empty if dense), and the facts.

    Raises:
        ResourceError: If the file is missing, truncated, not a network of this package, or holds
            values that are not finite.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["leastloss"])
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        sizes = dict(facts["network"])
        state = {n.removeprefix(_STATE): t for n, t in tensors.items() if n.startswith(_STATE)}
        masks = {n.removeprefix(_MASK): t.bool() for n, t in tensors.items() if n.startswith(_MASK)}
        if odd := [n for n in tensors if not n.startswith((_STATE, _MASK))]:
            raise ValueError(f"it holds {odd[0]!r}, which is neither a state nor a mask")
        network = rebuilt(_KINDS[sizes.pop("model")], sizes, state)
        check_masks(network, masks)
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:200]
        raise ResourceError(f"{path.name} is not a saved network, or damaged: {reason}") from None
    bad = [n for n, t in state.items() if t.is_floating_point() and not t.isfinite().all()]
    if bad:
        raise ResourceError(f"{path.name} holds NaN or infinite values in {', '.join(bad)}")
    return network, masks, facts
