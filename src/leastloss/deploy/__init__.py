"""Networks to take home: graphs that run anywhere, and the card that says what they cost."""

from leastloss.deploy.card import Card, ClassRecall, model_card
from leastloss.deploy.card_facts import ExportedNetwork
from leastloss.deploy.export_files import check_export, export_network
from leastloss.deploy.graphs import onnx_bytes, program_of, pt2_bytes
from leastloss.deploy.onnx_runs import agreement, session_of
from leastloss.deploy.plain import plain_copy
from leastloss.deploy.python_export import export
from leastloss.deploy.sign_layers import bit_packed
from leastloss.deploy.speed_table import COMPACTED as COMPACTED
from leastloss.deploy.speed_table import DENSE as DENSE
from leastloss.deploy.speed_table import MASKED as MASKED
from leastloss.deploy.speed_table import ON_BITS as ON_BITS
from leastloss.deploy.speed_table import Timed, speed_table, what_zeros_buy

__all__ = [
    "Card",
    "ClassRecall",
    "ExportedNetwork",
    "Timed",
    "agreement",
    "bit_packed",
    "check_export",
    "export",
    "export_network",
    "model_card",
    "onnx_bytes",
    "plain_copy",
    "program_of",
    "pt2_bytes",
    "session_of",
    "speed_table",
    "what_zeros_buy",
]
