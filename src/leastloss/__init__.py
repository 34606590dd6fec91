"""Leastloss: prune neural networks by what each part is worth, and know what it cost.

The public names load on first use, so that importing the package costs nothing.

Example:
    >>> import leastloss as ll
    >>> data = ll.load_data("digits", imbalance="exp", ratio=20, seed=0)
    >>> data.features, data.classes, data.minority
    (64, 10, (7, 8, 9))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leastloss import geometry as geometry
    from leastloss import information as information
    from leastloss.criteria import MILS as MILS
    from leastloss.criteria import Blend as Blend
    from leastloss.criteria import Criterion as Criterion
    from leastloss.criteria import Flips as Flips
    from leastloss.criteria import Magnitude as Magnitude
    from leastloss.criteria import NeuralCollapse as NeuralCollapse
    from leastloss.criteria import Random as Random
    from leastloss.criteria import Ties as Ties
    from leastloss.criteria import criteria as criteria
    from leastloss.data import Data as Data
    from leastloss.data import Split as Split
    from leastloss.data import load_data as load_data
    from leastloss.deploy import bit_packed as bit_packed
    from leastloss.deploy import export as export
    from leastloss.evaluation import evaluate as evaluate
    from leastloss.evaluation import robustness as robustness
    from leastloss.models import MLP as MLP
    from leastloss.models import Adapted as Adapted
    from leastloss.models import BinarizedConvNet as BinarizedConvNet
    from leastloss.models import BinarizedMLP as BinarizedMLP
    from leastloss.models import ConvNet as ConvNet
    from leastloss.models import Normalize as Normalize
    from leastloss.models import ResNet as ResNet
    from leastloss.models import linear_form as linear_form
    from leastloss.models import load_checkpoint as load_checkpoint
    from leastloss.models import load_network as load_network
    from leastloss.models import native_form as native_form
    from leastloss.models import save_network as save_network
    from leastloss.models import to_torch_prune as to_torch_prune
    from leastloss.pruning import PruningPath as PruningPath
    from leastloss.pruning import compact as compact
    from leastloss.pruning import logit_adjusted as logit_adjusted
    from leastloss.pruning import prune as prune
    from leastloss.training import fit as fit

_NAMES = {
    "criteria": "MILS Blend Criterion Flips Magnitude NeuralCollapse Random Ties",
    "data": "Data Split load_data",
    "deploy": "bit_packed export",
    "evaluation": "evaluate robustness",
    "models": "MLP Adapted BinarizedConvNet BinarizedMLP ConvNet Normalize ResNet linear_form "
    "load_checkpoint load_network native_form save_network to_torch_prune",
    "pruning": "PruningPath compact logit_adjusted prune",
    "training": "fit",
}
_HOME = {name: room for room, names in _NAMES.items() for name in names.split()}
# The room of criteria can itself be called: `ll.criteria()` lists them.
_ROOMS = ("criteria", "geometry", "information")

__all__ = [*_HOME, *_ROOMS]  # names of a table
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the room of a public name when it is first asked for."""
    if name in _ROOMS:
        return import_module(f"leastloss.{name}")
    if name in _HOME:
        return getattr(import_module(f"leastloss.{_HOME[name]}"), name)
    raise AttributeError(f"module 'leastloss' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
