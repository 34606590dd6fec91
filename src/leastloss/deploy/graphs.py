"""Networks as graphs that run without leastloss: pt2 by torch.export, and ONNX."""

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from leastloss.deploy.plain import plain_copy
from leastloss.errors import InputError, ResourceError

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, OUTPUT = "x", "logits"
"""Names of the input and the output of an ONNX file."""

_HINDRANCES = {
    "data-dependent": "its code branches on values of tensors, or takes them out as numbers",
    "specialized it to be a constant": "its code holds for one number of samples alone",
}
_WORTH_IT = 1024  # weights from which on a cast costs less than it saves


def program_of(model: nn.Module, x: Tensor) -> ExportedProgram:
    """Trace a network; the number of samples is left open.

    Args:
        model: Any network; it is left as it is.
        x: Samples of the kind that it reads, shape (2 or more, ...).

    Raises:
        InputError: If it cannot be traced: its code branches on values, say.

    Example:
        >>> program = program_of(nn.Linear(3, 2), torch.zeros(2, 3))
        >>> program.module()(torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """
    if len(x) < 2:
        raise InputError(f"there are {len(x)} samples; a graph is traced with at least 2")
    try:
        with quiet():
            program = torch.export.export(
                plain_copy(model), (x.cpu(),), dynamic_shapes=({0: Dim("batch")},)
            )
    except Exception as error:  # torch's own of many kinds, and whatever the network's code raises
        raise InputError(
            f"{type(model).__name__} cannot be exported as a graph: {_reason(error)}"
        ) from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names files of this machine
    return program


def _reason(error: Exception) -> str:
    """What hinders the export, in one line, and where in the network's code, if torch says so."""
    text = str(error)
    place = re.findall(r'File "([^"]+)", line (\d+), in forward', text)
    at = f" ({Path(place[-1][0]).name}, line {place[-1][1]})" if place else ""
    for words, plain in _HINDRANCES.items():
        if words in text:
            return f"{plain}{at}"
    return " ".join(text.split())[:200] or type(error).__name__


def pt2_bytes(program: ExportedProgram) -> bytes:
    """The content of a ``.pt2`` file, which ``torch.export.load`` reads."""
    stream = io.BytesIO()
    with quiet():
        torch.export.save(program, stream)
    return stream.getvalue()


def onnx_bytes(program: ExportedProgram) -> bytes:
    """The content of an ``.onnx`` file, its weights included; any number of samples fits.

    Weights of -1, 0 and +1 take a byte each in it; whoever runs the file turns them into floats
    once, when it is loaded.

    Raises:
        InputError: If ONNX lacks an operation of the network.
        ResourceError: If the packages of the extra ``onnx`` are not installed.
    """
    needs_onnx()
    try:
        with quiet():
            made = torch.onnx.export(
                program, (), input_names=[INPUT], output_names=[OUTPUT], verbose=False, dynamo=True
            )
        assert made is not None  # no file was named
        content: bytes = without_traces(narrowed(made.model_proto)).SerializeToString()
    except Exception as error:  # of many kinds: the exporter's, onnxscript's, protobuf's 2 GiB
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise InputError(f"the network cannot be written as ONNX: {lines[-1][:300]}") from error
    return content


def needs_onnx() -> None:
    """Refuse to go on where the packages for ONNX are missing.

    Raises:
        ResourceError: If so; it names the extra.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ResourceError(
            f"ONNX files need more packages ({error}); install the extra: pip install "
            "'leastloss[onnx]'"
        ) from error


def narrowed(model: "ModelProto") -> "ModelProto":
    """Keep weights of -1, 0 and +1 as single bytes, and cast them where they are read."""
    import onnx
    from onnx import numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < _WORTH_IT or not np.isin(values, (-1, 0, 1)).all():
            continue
        name = tensor.name
        narrow = numpy_helper.from_array(values.astype(np.int8), f"{name}.int8")
        tensor.CopyFrom(narrow)
        casts.append(onnx.helper.make_node("Cast", [narrow.name], [name], to=1))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def without_traces(model: "ModelProto") -> "ModelProto":
    """Leave out where each node came from: more bytes than small networks, and places of files."""
    for part in (model, model.graph, *model.graph.node, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.value_info[:]
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """Say nothing of what exporters tell their developers."""
    names = ("torch.onnx", "onnxscript", "torch.fx.experimental.symbolic_shapes")
    loggers: list[Any] = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
