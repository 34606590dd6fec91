"""Networks that were exported as a graph (``.pt2``), with layers that can be pruned again."""

from __future__ import annotations

import logging
import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram

from leastloss.errors import InputError, ResourceError, brief
from leastloss.models.layers import PRUNED

_ATEN = torch.ops.aten
_CONVOLUTIONS: dict[Any, Any] = {_ATEN.conv1d.default: nn.Conv1d, _ATEN.conv2d.default: nn.Conv2d}
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)
_DEFAULTS = (None, 1, 0, 1, 1)  # bias, stride, padding, dilation, groups


def load_exported(path: str | Path) -> nn.Module:
    """Load a graph of ``torch.export`` whose linear layers and convolutions can be pruned.

    Opening such a file can run code that is in it: torch unpickles parts of it. Call this for files
    that you trust.

    Args:
        path: The ``.pt2`` file.

    Returns:
        The network in evaluation mode. Its parameters have the names that they had; what else it
        does, as normalisation, stays as it was exported.

    Raises:
        InputError: If no layer of it can be pruned, as in binary networks, whose graph computes
            the weights.
        ResourceError: If the file is missing or damaged.
    """
    path = Path(path)
    if not os.path.isfile(path):  # which knows names, too, that no file can have
        raise ResourceError(f"there is no file {path}")
    try:
        program = _program(path)
    except Exception as error:  # what torch makes of a damaged file is of any kind
        raise ResourceError(
            f"{path.name} is no exported network, or damaged: {brief(error)}"
        ) from None
    network = with_layers(program.module())
    if not any(isinstance(layer, _LAYERS) for layer in network.modules()):
        raise InputError(
            f"{path.name} has no layer that can be pruned: its graph multiplies with no weight as "
            "it is (binary networks compute theirs); give the network by model=module:function and "
            "its weights by weights=FILE.safetensors"
        )
    return network


def _program(path: Path) -> ExportedProgram:
    """Open the file; what networks of Hugging Face give is known once its module is imported."""
    try:
        return _opened(path)
    except NotImplementedError as error:
        output = re.search(r"(transformers\.[\w.]+)\.\w+ in pytree", str(error))
        if output is None:
            raise
        try:
            import_module(output[1])
        except ImportError:
            raise ResourceError(f"its output is of {output[1]}: install transformers") from error
        return _opened(path)


def _opened(path: Path) -> ExportedProgram:
    """Raise what torch writes to its log, where the error that it raises refers to it."""
    reasons: list[BaseException] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            reasons.append(record.exc_info[1])
        return False

    log = logging.getLogger("torch.export")
    log.addFilter(keep)
    try:
        return torch.export.load(path)
    except Exception as error:
        raise next(iter(reasons), error) from None
    finally:
        log.removeFilter(keep)


def with_layers(exported: nn.Module) -> nn.Module:
    """A network whose calls of ``linear`` and ``conv`` are layers, with the same parameters.

    Example:
        >>> program = torch.export.export(nn.Sequential(nn.Linear(2, 3)), (torch.ones(1, 2),))
        >>> with_layers(program.module()).get_submodule("0")
        Linear(in_features=2, out_features=3, bias=True)
    """
    assert isinstance(exported, fx.GraphModule)
    graph = exported.graph
    uses: dict[str, int] = {}
    for node in graph.nodes:
        if node.op == "get_attr":
            uses[node.target] = uses.get(node.target, 0) + len(node.users)
    for node in list(graph.nodes):
        if node.op == "call_module" and str(node.target).startswith("_guards"):
            graph.erase_node(node)  # it checks shapes, and only those of the export
        elif node.op == "call_function":
            _as_layer(exported, node, uses)
    graph.eliminate_dead_code()
    network = fx.GraphModule(exported, graph)
    for parameter in network.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    return network.eval()


def _as_layer(network: fx.GraphModule, node: fx.Node, uses: dict[str, int]) -> None:
    """Replace a multiplication with a weight of its own by a layer."""
    if node.target is not _ATEN.linear.default and node.target not in _CONVOLUTIONS:
        return
    arguments: tuple[Any, ...] = node.args
    every: list[Any] = [*arguments, *_DEFAULTS[len(arguments) - 2 :]]
    x, weight, bias, *rest = every
    owner, _, name = str(getattr(weight, "target", "")).rpartition(".")
    plain = isinstance(weight, fx.Node) and weight.op == "get_attr" and name == "weight" and owner
    if not plain or uses[f"{owner}.weight"] != 1:
        return
    module = network.get_submodule(owner)
    learnt = {name for name, _ in module.named_parameters()}
    buffers = dict(module.named_buffers())
    others = buffers.keys() - {PRUNED} | learnt - {"weight", "bias"}
    if "weight" not in learnt or others:  # a fixed filter, or a layer with more of its own
        return
    if isinstance(bias, fx.Node) and str(bias.target) != f"{owner}.bias":
        return
    tensor: Any = network.get_parameter(f"{owner}.weight")
    options: dict[str, Any] = {"bias": bias is not None, "device": "meta", "dtype": tensor.dtype}
    if node.target is _ATEN.linear.default:
        layer: nn.Module = nn.Linear(tensor.shape[1], tensor.shape[0], **options)
    else:
        stride, padding, dilation = (_pair(value, tensor.ndim - 2) for value in rest[:3])
        options |= {"stride": stride, "padding": padding, "dilation": dilation}
        kind, groups = _CONVOLUTIONS[node.target], int(rest[3])
        inputs = tensor.shape[1] * groups
        layer = kind(inputs, tensor.shape[0], tuple(tensor.shape[2:]), groups=groups, **options)
    layer.weight = nn.Parameter(tensor.detach())
    if bias is not None:
        layer.bias = nn.Parameter(network.get_parameter(f"{owner}.bias").detach())
    if PRUNED in buffers:  # what was pruned stays pruned
        layer.register_buffer(PRUNED, buffers[PRUNED], persistent=False)
    network.set_submodule(owner, layer)
    with node.graph.inserting_before(node):
        call = node.graph.call_module(owner, (x,))
    node.replace_all_uses_with(call)
    node.graph.erase_node(node)


def _pair(value: Any, dimensions: int) -> Any:
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    return tuple(numbers * dimensions if len(numbers) == 1 else numbers)
