"""Files of one network to take home: written all or none, checked before."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import nn

from leastloss.deploy.bundle import check_free, digest_of, write_all
from leastloss.deploy.card import model_card
from leastloss.deploy.card_facts import ExportedNetwork, card_of, class_names
from leastloss.deploy.graphs import needs_onnx, onnx_bytes, program_of, pt2_bytes
from leastloss.deploy.onnx_runs import agreement, session_of
from leastloss.deploy.sign_layers import bit_packed
from leastloss.deploy.speed_table import COMPACTED, DENSE, MASKED, ON_BITS, Timed, speed_table
from leastloss.errors import InputError, choose
from leastloss.models import network_bytes
from leastloss.pruning import compact

FILES: dict[str, tuple[str, ...]] = {
    "pt2": ("model.pt2",),
    "onnx": ("model.onnx",),
    "safetensors": ("model.safetensors", "model.json"),
    "card": ("MODEL_CARD.md",),
}
"""Format -> the files that are written."""


def export_network(
    network: ExportedNetwork,
    out: Path,
    *,
    formats: Sequence[str] = tuple(FILES),
    compacted: str = "auto",
    license: str = "",
    overwrite: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> None:
    """Write the files of one network.

    Args:
        network: The network, and what is known of it.
        out: Their folder, made if need be.
        formats: Keys of :data:`FILES`.
        compacted: Whether units that do nothing are taken out: yes, no, or auto (where the network
            can lose them).
        license: As SPDX spells it, or empty.
        overwrite: Whether files of an earlier export are replaced.
        say: Called with each line that a user may want to read.

    Raises:
        InputError: If an option is wrong, a file is there already, the network cannot be written in
            a format, or ONNX Runtime gives other logits than the network.
        ResourceError: If a package is missing, or nothing can be written.
    """
    check_export(out, formats, overwrite=overwrite)
    model = _compacted(network, compacted)
    contents: dict[str, bytes] = {}
    if {"pt2", "onnx"} & set(formats):
        program = program_of(model, network.x)
        if "pt2" in formats:
            contents["model.pt2"] = pt2_bytes(program)
        if "onnx" in formats:
            contents["model.onnx"] = onnx_bytes(program)
            # The network as it was chosen, so that compacting is checked, too.
            share = agreement(session_of(contents["model.onnx"]), network.model, network.x)
            say(
                f"ONNX Runtime agrees with the network to 1e-5 on {share:.0%} of "
                f"{len(network.x)} samples"
            )
    if "safetensors" in formats:
        # With all its units: what goes takes no room here, and the network can be pruned further.
        contents["model.safetensors"] = network_bytes(network.model, packed=True)
    sizes = {name: len(content) for name, content in contents.items()}
    if "card" in formats:
        speed = _speed(network, model, contents.get("model.onnx"))
        card = card_of(network, model, license=license, sizes=sizes, speed=speed)
        contents["MODEL_CARD.md"] = model_card(card).encode()
    if "safetensors" in formats:
        facts = _facts(network, model, license, contents)
        contents["model.json"] = (json.dumps(facts, indent=2) + "\n").encode()
    # What an earlier export left would be of another network.
    earlier = [file for files in FILES.values() for file in files]
    write_all(out, contents, replaced=earlier if overwrite else [])
    for name, content in contents.items():
        say(f"written: {out / name} ({len(content):,} bytes)")


def check_export(out: Path, formats: Sequence[str], *, overwrite: bool) -> None:
    """Refuse what cannot be exported, before anything is computed.

    Raises:
        InputError: If a format is unknown or a file is there already.
        ResourceError: If a package is missing or the folder is a file.
    """
    for name in formats:
        choose("format", name, FILES)
    if not formats:
        raise InputError(f"formats is empty; there are: {', '.join(FILES)}")
    if "onnx" in formats:
        needs_onnx()
    check_free(out, [file for name in formats for file in FILES[name]], overwrite=overwrite)


def _compacted(network: ExportedNetwork, wish: str) -> nn.Module:
    """The network without the units that do nothing, where it has such and can lose them."""
    if choose("compact", wish, ("auto", "yes", "no")) == "no":
        return network.model
    try:
        small = compact(network.model, sample=network.x)
    except InputError:
        if wish == "yes":
            raise
        return network.model
    return small if _count(small) < _count(network.model) else network.model


def _count(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def _speed(network: ExportedNetwork, model: nn.Module, onnx: bytes | None) -> list[Timed]:
    """Time the forms of the network; by ONNX Runtime as well where its file is written."""
    networks = {DENSE: network.dense}
    if network.model is not network.dense:
        networks[MASKED] = network.model
    if model is not network.model:
        networks[COMPACTED] = model
    sessions = {}
    if onnx is not None:
        for form, other in networks.items():
            content = onnx if other is model else onnx_bytes(program_of(other, network.x))
            sessions[form] = session_of(content)
    with suppress(InputError):  # of networks without layers of signs
        networks[ON_BITS] = bit_packed(model)
    return speed_table(networks, sessions, network.x)


def _facts(
    network: ExportedNetwork, model: nn.Module, license: str, contents: Mapping[str, bytes]
) -> dict[str, Any]:
    """What a program would want to know that reads the files."""
    data = network.data
    return {
        "about": dict(network.about),
        "input": {"shape": list(network.x.shape[1:]), "type": "float32"},
        "classes": class_names(data) if data else getattr(model, "classes", None),
        "sparsity": network.sparsity,
        "data": data.summary() if data else None,
        "command": network.command,
        "license": license or None,
        "files": {
            name: {"bytes": len(content), "sha256": digest_of(content)}
            for name, content in contents.items()
        },
    }
