"""What layers read while a network runs: observed, averaged, and cached."""

from leastloss.activations.cache import LayerCache, network_key, reading_keys, solving_key
from leastloss.activations.draws import Draws, Samples
from leastloss.activations.layer_inputs import outputs_of, repairable_layers, run_order
from leastloss.activations.lockstep import PARTED, in_lockstep
from leastloss.activations.moments import (
    input_second_moments,
    moments_with_targets,
    positions_of,
    ridge_of,
    row_supports,
)
from leastloss.activations.observe import (
    batch_size,
    batches,
    check_called,
    class_shares,
    each_label,
    enough_of,
    labelled_logits,
    logits_of,
    observing,
    shares_by_count,
)

__all__ = [
    "PARTED",
    "Draws",
    "LayerCache",
    "Samples",
    "batch_size",
    "batches",
    "check_called",
    "class_shares",
    "each_label",
    "enough_of",
    "in_lockstep",
    "input_second_moments",
    "labelled_logits",
    "logits_of",
    "moments_with_targets",
    "network_key",
    "observing",
    "outputs_of",
    "positions_of",
    "reading_keys",
    "repairable_layers",
    "ridge_of",
    "row_supports",
    "run_order",
    "shares_by_count",
    "solving_key",
]
