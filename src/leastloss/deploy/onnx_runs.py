"""ONNX files run by ONNX Runtime: whether they agree with the network."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.deploy.graphs import INPUT, needs_onnx, quiet
from leastloss.errors import InputError
from leastloss.models import Binarize, evaluation_mode, matched

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CLOSE = 1e-5
"""Of the largest logit: how far two programs that sum in another order may be apart."""

_TURNED = 0.05  # share of samples in which a sum near 0 may get the other sign


def session_of(content: bytes) -> "InferenceSession":
    """Open an ONNX file on one thread of the CPU.

    Raises:
        ResourceError: If the packages of the extra ``onnx`` are not installed.
    """
    needs_onnx()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with quiet():
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def answers(session: "InferenceSession", x: Tensor) -> NDArray[Any]:
    """The logits of some samples, shape (n, classes)."""
    logits: NDArray[Any] = session.run(None, {INPUT: x.cpu().numpy()})[0]
    return logits


def agreement(session: "InferenceSession", model: nn.Module, x: Tensor) -> float:
    """The share of samples on which the file and the network agree.

    They agree if no logit differs by more than 1e-5 of the largest one of the sample, or of 1.
    Samples are run together, and the first one alone as well.

    Raises:
        InputError: If they differ on a sample, or, where activations are signs, which turn a
            rounding error into another answer, on more than 5 % of them.
    """
    with torch.no_grad(), evaluation_mode(model):
        expected = model(matched(model, x)).cpu().numpy()
    got = answers(session, x)
    alone = answers(session, x[:1])
    if got.shape != expected.shape or alone.shape != expected[:1].shape:
        raise InputError(f"the ONNX file gives logits of shape {got.shape}, not {expected.shape}")
    scale = np.maximum(np.abs(expected).max(axis=1, initial=0), 1)
    apart = np.abs(np.concatenate([got, alone]) - np.concatenate([expected, expected[:1]]))
    close = apart.max(axis=1, initial=0) <= CLOSE * np.concatenate([scale, scale[:1]])
    share = float(close.mean())
    signs = any(isinstance(module, Binarize) for module in model.modules())
    if share < 1 - (_TURNED if signs else 0):
        raise InputError(
            f"the ONNX file agrees with the network on {share:.1%} of {len(x)} samples; by up to "
            f"{apart.max():.3g} they differ"
        )
    return share
