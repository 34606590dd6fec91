"""The recipe of the entry point ``export``: files of one network, written all or none."""

import json
from collections.abc import Mapping
from pathlib import Path

import click
from torch import nn

from leastloss.deploy import (
    agreement,
    check_free,
    digest_of,
    latency_ms,
    model_card,
    needs_onnx,
    onnx_bytes,
    program_of,
    pt2_bytes,
    session_of,
    write_all,
)
from leastloss.errors import InputError
from leastloss.experiment.config import ExportConfig
from leastloss.experiment.export_run.card_facts import card_of, class_names
from leastloss.experiment.export_run.chosen_network import ChosenNetwork, chosen_network
from leastloss.models import network_bytes
from leastloss.names import choose
from leastloss.options import names
from leastloss.pruning import compact

FILES: dict[str, tuple[str, ...]] = {
    "pt2": ("model.pt2",),
    "onnx": ("model.onnx",),
    "safetensors": ("model.safetensors", "model.json"),
    "card": ("MODEL_CARD.md",),
}
"""Format -> the files that are written."""


def export(config: ExportConfig) -> Path:
    """Write the files of one network; returns their folder.

    Raises:
        InputError: If an option is wrong, a file is there already, the network cannot be written in
            a format, or ONNX Runtime gives other logits than the network.
        ResourceError: If the run or the file cannot be read, a package is missing, or nothing can
            be written.
    """
    formats = [choose("format", name, FILES) for name in names(config.formats)]
    if not formats:
        raise InputError(f"formats is empty; there are: {', '.join(FILES)}")
    if "onnx" in formats:
        needs_onnx()
    out = Path(config.out)
    wanted = [file for name in formats for file in FILES[name]]
    check_free(out, wanted, overwrite=config.overwrite == "yes")
    chosen = chosen_network(config)
    model, compacted = _compacted(chosen, config.compact)
    contents: dict[str, bytes] = {}
    onnx_ms = None
    if {"pt2", "onnx"} & set(formats):
        program = program_of(model, chosen.x)
        if "pt2" in formats:
            contents["model.pt2"] = pt2_bytes(program)
        if "onnx" in formats:
            contents["model.onnx"] = onnx_bytes(program)
            session = session_of(contents["model.onnx"])
            share, onnx_ms = agreement(session, model, chosen.x), latency_ms(session, chosen.x)
            click.echo(
                f"ONNX Runtime agrees with the network to 1e-5 on {share:.0%} of "
                f"{len(chosen.x)} samples"
            )
    if "safetensors" in formats:
        # With all its units: what goes takes no room here, and the network can be pruned further.
        contents["model.safetensors"] = network_bytes(chosen.model, packed=True)
    sizes = {name: len(content) for name, content in contents.items()}
    if "card" in formats:
        card = card_of(
            chosen,
            model,
            license=config.license,
            sizes=sizes,
            onnx_ms=onnx_ms,
            compacted=compacted,
        )
        contents["MODEL_CARD.md"] = model_card(card).encode()
    if "safetensors" in formats:
        facts = _facts(chosen, model, config.license, contents)
        contents["model.json"] = (json.dumps(facts, indent=2) + "\n").encode()
    # What an earlier export left would be of another network.
    earlier = [file for files in FILES.values() for file in files]
    write_all(out, contents, replaced=earlier if config.overwrite == "yes" else [])
    for name, content in contents.items():
        click.echo(f"written: {out / name} ({len(content):,} bytes)")
    return out


def _compacted(chosen: ChosenNetwork, wish: str) -> tuple[nn.Module, bool]:
    """The network without the units that do nothing, where it has such and can lose them."""
    if wish == "no":
        return chosen.model, False
    try:
        small = compact(chosen.model, sample=chosen.x)
    except InputError:
        if wish == "yes":
            raise
        return chosen.model, False
    smaller = _count(small) < _count(chosen.model)
    return (small, True) if smaller else (chosen.model, False)


def _count(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def _facts(
    chosen: ChosenNetwork, model: nn.Module, license: str, contents: Mapping[str, bytes]
) -> dict[str, object]:
    """What a program would want to know that reads the files."""
    data = chosen.data
    return {
        "about": dict(chosen.about),
        "input": {"shape": list(chosen.x.shape[1:]), "type": "float32"},
        "classes": class_names(data) if data else getattr(model, "classes", None),
        "sparsity": chosen.sparsity,
        "data": data.summary() if data else None,
        "command": chosen.command,
        "license": license or None,
        "files": {
            name: {"bytes": len(content), "sha256": digest_of(content)}
            for name, content in contents.items()
        },
    }
