"""What layers read while a network runs: observed, averaged, and cached."""

from leastloss.activations.cache import LayerCache as LayerCache
from leastloss.activations.cache import network_key as network_key
from leastloss.activations.cache import reading_keys as reading_keys
from leastloss.activations.cache import solving_key as solving_key
from leastloss.activations.draws import Draws as Draws
from leastloss.activations.draws import Samples as Samples
from leastloss.activations.layer_inputs import outputs_of as outputs_of
from leastloss.activations.layer_inputs import repairable_layers as repairable_layers
from leastloss.activations.layer_inputs import run_order as run_order
from leastloss.activations.lockstep import PARTED as PARTED
from leastloss.activations.lockstep import in_lockstep as in_lockstep
from leastloss.activations.moments import input_second_moments as input_second_moments
from leastloss.activations.moments import moments_with_targets as moments_with_targets
from leastloss.activations.moments import positions_of as positions_of
from leastloss.activations.moments import ridge_of as ridge_of
from leastloss.activations.moments import row_supports as row_supports
from leastloss.activations.observe import batch_size as batch_size
from leastloss.activations.observe import batches as batches
from leastloss.activations.observe import check_called as check_called
from leastloss.activations.observe import class_shares as class_shares
from leastloss.activations.observe import each_label as each_label
from leastloss.activations.observe import enough_of as enough_of
from leastloss.activations.observe import labelled_logits as labelled_logits
from leastloss.activations.observe import logits_of as logits_of
from leastloss.activations.observe import observing as observing
from leastloss.activations.observe import shares_by_count as shares_by_count
