"""What layers read while a network runs: observed, averaged, and cached."""

from leastloss.activations.cache import LayerCache, reading_keys, solving_key
from leastloss.activations.draws import Draws, Samples
from leastloss.activations.layer_inputs import repairable_layers, run_order
from leastloss.activations.moments import (
    input_second_moments,
    layer_rows,
    moments_of,
    ridge_of,
    row_supports,
)
from leastloss.activations.observe import (
    batches,
    check_called,
    class_shares,
    logits_of,
    observing,
    shares_by_count,
)

__all__ = [
    "Draws",
    "LayerCache",
    "Samples",
    "batches",
    "check_called",
    "class_shares",
    "input_second_moments",
    "layer_rows",
    "logits_of",
    "moments_of",
    "observing",
    "reading_keys",
    "repairable_layers",
    "ridge_of",
    "row_supports",
    "run_order",
    "shares_by_count",
    "solving_key",
]
