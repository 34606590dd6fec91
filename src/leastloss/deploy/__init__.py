"""Networks to take home: graphs that run anywhere, and the card that says what they cost."""

from leastloss.deploy.bundle import check_free, digest_of, write_all
from leastloss.deploy.card import Card, ClassRecall, model_card
from leastloss.deploy.graphs import needs_onnx, onnx_bytes, program_of, pt2_bytes
from leastloss.deploy.onnx_runs import agreement, latency_ms, session_of
from leastloss.deploy.plain import plain_copy

__all__ = [
    "Card",
    "ClassRecall",
    "agreement",
    "check_free",
    "digest_of",
    "latency_ms",
    "model_card",
    "needs_onnx",
    "onnx_bytes",
    "plain_copy",
    "program_of",
    "pt2_bytes",
    "session_of",
    "write_all",
]
