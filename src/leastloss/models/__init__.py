"""Networks that can be trained, and what can be pruned in any network."""

from leastloss.models.adapted import Adapted
from leastloss.models.binarize import Binarize as Binarize
from leastloss.models.binarize import binarize
from leastloss.models.binary_layers import BinaryConv2d as BinaryConv2d
from leastloss.models.binary_layers import BinaryLayer as BinaryLayer
from leastloss.models.binary_layers import BinaryLinear
from leastloss.models.build import MODELS, build_model
from leastloss.models.build import known_model as known_model
from leastloss.models.checkpoints import load_checkpoint
from leastloss.models.convnet import BinarizedConvNet, ConvNet
from leastloss.models.copying import own_copy as own_copy
from leastloss.models.copying import to_torch_prune
from leastloss.models.exported import load_exported as load_exported
from leastloss.models.features import LastLayer as LastLayer
from leastloss.models.features import last_layer as last_layer
from leastloss.models.features import layer_features as layer_features
from leastloss.models.files import load_network, save_network
from leastloss.models.files import network_bytes as network_bytes
from leastloss.models.files import network_facts as network_facts
from leastloss.models.files import read_network as read_network
from leastloss.models.heads import count_heads as count_heads
from leastloss.models.images import Normalize
from leastloss.models.layers import PRUNED as PRUNED
from leastloss.models.layers import Layer as Layer
from leastloss.models.layers import Masks as Masks
from leastloss.models.layers import any_binary as any_binary
from leastloss.models.layers import effective_weight as effective_weight
from leastloss.models.layers import has_maps as has_maps
from leastloss.models.layers import hold_masks as hold_masks
from leastloss.models.layers import mask_of as mask_of
from leastloss.models.layers import own_weights as own_weights
from leastloss.models.layers import prunable_layers as prunable_layers
from leastloss.models.layers import watch_flips as watch_flips
from leastloss.models.layers import weight_layers as weight_layers
from leastloss.models.linear_forms import AttentionForm as AttentionForm
from leastloss.models.linear_forms import linear_form, native_form
from leastloss.models.matrices import describe_dense as describe_dense
from leastloss.models.matrices import network_sparsity as network_sparsity
from leastloss.models.matrices import weight_matrices as weight_matrices
from leastloss.models.mlp import MLP, BinarizedMLP
from leastloss.models.own_networks import as_classifier as as_classifier
from leastloss.models.own_networks import own_network as own_network
from leastloss.models.rebuilt import mismatched as mismatched
from leastloss.models.resnet import ResNet
from leastloss.models.running import evaluation_mode as evaluation_mode
from leastloss.models.running import fitting as fitting
from leastloss.models.running import hooked as hooked
from leastloss.models.running import matched as matched
from leastloss.models.running import reading as reading
from leastloss.models.spans import Span as Span
from leastloss.models.spans import norms_behind as norms_behind
from leastloss.models.spans import spans_of as spans_of
from leastloss.models.torchvision_network import TorchvisionNetwork
from leastloss.models.unit_reach import inputs_of as inputs_of
from leastloss.models.unit_reach import is_depthwise as is_depthwise
from leastloss.models.unit_search import find_units as find_units
from leastloss.models.units import CoupledLayers as CoupledLayers
from leastloss.models.units import Units as Units
from leastloss.models.units import chain_units as chain_units
from leastloss.models.units import hidden_units as hidden_units
from leastloss.models.units import sort_by_unit as sort_by_unit
from leastloss.models.untouched import check_module as check_module
from leastloss.models.untouched import same_randomness as same_randomness
from leastloss.models.untouched import untouched as untouched
from leastloss.models.usage import check_usage as check_usage
from leastloss.models.usage import misused as misused
from leastloss.models.zeros import ZEROS as ZEROS
from leastloss.models.zeros import describe_zeros as describe_zeros
from leastloss.models.zeros import give_up_masks as give_up_masks
from leastloss.models.zeros import hold_zeros as hold_zeros
from leastloss.models.zeros import mask_for as mask_for
from leastloss.models.zeros import zeros_of as zeros_of

__all__ = [
    "MLP",
    "MODELS",
    "Adapted",
    "BinarizedConvNet",
    "BinarizedMLP",
    "BinaryLinear",
    "ConvNet",
    "Normalize",
    "ResNet",
    "TorchvisionNetwork",
    "binarize",
    "build_model",
    "linear_form",
    "load_checkpoint",
    "load_network",
    "native_form",
    "save_network",
    "to_torch_prune",
]
