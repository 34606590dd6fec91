"""Algorithmic information of binary matrices: BDM, block entropy and MILS.

Binary matrices in, bits out. See ``docs/information.md`` for the maths, the costs and the traps.
"""

from leastloss.information.blocks import BOUNDARIES, covered
from leastloss.information.complexity import COMPLEXITIES, bdm, block_entropy
from leastloss.information.complexity import count_blocks as count_blocks
from leastloss.information.ctm import ctm_table
from leastloss.information.engine import torch_backend as torch_backend
from leastloss.information.inputs import ENCODINGS, encode
from leastloss.information.order import UNCOVERED, removal_order, set_removal_order
from leastloss.information.removal import information_loss, set_information_loss
from leastloss.information.replay import replay
from leastloss.information.rules import STRATEGIES, TIES, removal_cost
from leastloss.information.sensitivity import PermutationSensitivity, permutation_sensitivity
from leastloss.information.sensitivity import chain_of as chain_of
from leastloss.information.units import unit_cells, unit_information_loss

__all__ = [
    "BOUNDARIES",
    "COMPLEXITIES",
    "ENCODINGS",
    "STRATEGIES",
    "TIES",
    "UNCOVERED",
    "PermutationSensitivity",
    "bdm",
    "block_entropy",
    "covered",
    "ctm_table",
    "encode",
    "information_loss",
    "permutation_sensitivity",
    "removal_cost",
    "removal_order",
    "replay",
    "set_information_loss",
    "set_removal_order",
    "unit_cells",
    "unit_information_loss",
]
