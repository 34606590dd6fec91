"""Networks in safetensors files: state, masks and how to build the network again; no pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils import prune

from leastloss.arguments import checked
from leastloss.errors import InputError, ResourceError
from leastloss.models.copying import make_plain, own_copy
from leastloss.models.layers import Masks
from leastloss.models.packed import PACKED, pack, unpack
from leastloss.models.rebuilt import builder_of, check_shapes, description, without_weights
from leastloss.models.zeros import remember_masks, zeros_of
from leastloss.whole_files import written_whole

# A header that was tampered with may hold values of any type.
_DAMAGED = (
    *(SafetensorError, OSError, LookupError, RuntimeError, TypeError, ValueError),
    *(ArithmeticError, AttributeError, MemoryError),
)
_MASK = "mask/"
_STATE = "state/"


@checked
def save_network(
    path: str | Path,
    model: nn.Module,
    masks: Masks | None = None,
    about: Mapping[str, object] | None = None,
    *,
    packed: bool = False,
) -> None:
    """Write a network with its masks; a file that is there is replaced by a whole one or stays.

    Args:
        path: The file, by custom ``*.safetensors``.
        model: Any network; those of this package, also what :func:`leastloss.compact` makes of
            them, can be built again from the file alone. It is left as it is; layers masked by
            ``torch.nn.utils.prune`` are written with plain weights and their masks.
        masks: What is kept, by layer; empty for a dense network. When omitted, what the network
            was pruned of (see :func:`leastloss.models.zeros.zeros_of`).
        about: Further facts as plain JSON values.
        packed: Whether to write kept weights alone, and the signs of binary layers as bits
            (see :func:`leastloss.models.packed.pack`). What is loaded has the same masks and
            outputs, bit for bit; latent weights of binary layers come back as signs.

    Raises:
        InputError: If it is a network of this package whose layers were changed by hand, so that
            it could not be built again, or its state holds something else than tensors.
        ResourceError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> from leastloss.models import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_network(f"{folder}/net.safetensors", MLP(4, (3,), 2))
        ...     type(load_network(f"{folder}/net.safetensors")).__name__
        'MLP'
    """
    path = Path(path)
    content = network_bytes(model, masks, about, packed=packed)
    try:
        with written_whole(path) as place:
            place.write_bytes(content)
    except OSError as error:  # a full disk, a missing folder
        raise ResourceError(f"cannot write {path.name}: {error}") from error


def network_bytes(
    model: nn.Module,
    masks: Masks | None = None,
    about: Mapping[str, object] | None = None,
    *,
    packed: bool = False,
) -> bytes:
    """The content of the file that :func:`save_network` writes.

    Raises:
        InputError: As :func:`save_network`.
    """
    model = own_copy(model) if prune.is_pruned(model) else model
    masks = zeros_of(model) if masks is None else masks
    state = model.state_dict()
    odd = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if odd:
        raise InputError(f"{odd[0]!r} of the network's state is no tensor, and cannot be saved")
    if packed:
        tensors, state = pack(model, masks)
    else:
        tensors = {_MASK + name: mask.to(torch.uint8) for name, mask in masks.items()}
    tensors |= {_STATE + name: value for name, value in state.items()}
    facts = dict(about or {})
    if network := description(model):
        facts["network"] = network
    # Copies, since the tensors of one state share memory in networks with tied weights.
    copies = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    return save(copies, metadata={"leastloss": json.dumps(facts)})


@checked
def load_network(path: str | Path, into: nn.Module | None = None) -> nn.Module:
    """Read a network that :func:`save_network` has written; its layers remember their masks.

    Args:
        path: The file.
        into: A network of the same layers, which is filled; needed for any that is not of this
            package. Layers that ``torch.nn.utils.prune`` masks become plain ones.

    Returns:
        The network, in evaluation mode. :func:`leastloss.fit` holds its masks, and
        :func:`leastloss.prune` goes on from them.

    Raises:
        InputError: If the file is of other layers than ``into``, or that cannot be copied; it is
            left as it was.
        ResourceError: If the file is missing, damaged, holds values that are not finite, or a
            network that is not of this package when ``into`` is omitted.
    """
    if into is None:
        return read_network(path)[0]
    path = Path(path)
    tensors, _ = _read(path)
    trial = own_copy(into)  # torch fills what fits before it refuses the rest
    try:
        state, masks = _contents(path, tensors, trial)
        remember_masks(trial, masks)
        trial.load_state_dict(state)
    except ResourceError:
        raise
    except (RuntimeError, LookupError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path.name} is of another network than `into`: {reason}") from None
    make_plain(into)
    into.load_state_dict(state)
    remember_masks(into, masks)
    return into.eval()


def read_network(path: str | Path) -> tuple[nn.Module, Masks, dict[str, Any]]:
    """Read a network of this package, its masks and the facts saved with it.

    Returns:
        The network in evaluation mode, the masks (empty if dense), and the facts.

    Raises:
        ResourceError: If the file is missing, truncated, not a network of this package, or holds
            values that are not finite.
    """
    path = Path(path)
    tensors, facts = _read(path)
    try:
        if "network" not in facts:
            raise LookupError("it is none of this package; load_network(path, into=model) fills it")
        build = builder_of(facts["network"])
        shapes = without_weights(build)
        state, masks = _contents(path, tensors, shapes)
        check_shapes(shapes, state)
        network = build()
        network.load_state_dict(state)
        remember_masks(network, masks)
    except ResourceError:
        raise
    except _DAMAGED as error:
        raise _damaged(path, error) from None
    return network.eval(), masks, facts


def network_facts(path: str | Path) -> dict[str, Any]:
    """Read the facts that were saved with a network, and nothing else.

    Raises:
        ResourceError: If the file is missing, damaged, or none of :func:`save_network`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["leastloss"])
            return dict(facts)
    except _DAMAGED as error:
        raise _damaged(Path(path), error) from None


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the facts in a file."""
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["leastloss"])
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        if odd := [n for n in tensors if not n.startswith((_STATE, _MASK, *PACKED))]:
            raise ValueError(f"it holds {odd[0]!r}, which is neither a state nor a mask")
    except _DAMAGED as error:
        raise _damaged(path, error) from None
    return tensors, facts


def _contents(
    path: Path, tensors: Mapping[str, Tensor], network: nn.Module
) -> tuple[dict[str, Tensor], Masks]:
    """The state and the masks that the tensors of a file stand for."""
    state = {n.removeprefix(_STATE): t for n, t in tensors.items() if n.startswith(_STATE)}
    masks = {n.removeprefix(_MASK): t.bool() for n, t in tensors.items() if n.startswith(_MASK)}
    if pieces := {name: value for name, value in tensors.items() if name.startswith(PACKED)}:
        more_state, more_masks = unpack(pieces, network)
        state, masks = more_state | state, more_masks | masks
    bad = [n for n, t in state.items() if t.is_floating_point() and not t.isfinite().all()]
    if bad:
        raise ResourceError(f"{path.name} holds NaN or infinite values in {', '.join(bad)}")
    return state, masks


def _damaged(path: Path, error: Exception) -> ResourceError:
    reason = " ".join(str(error).split())[:200]
    return ResourceError(f"{path.name} is not a saved network, or damaged: {reason}")
