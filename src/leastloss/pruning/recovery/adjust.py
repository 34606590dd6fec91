"""Post-hoc logit adjustment: the cheapest help for rare classes, and a control for all others."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.data import Data, as_data
from leastloss.errors import InputError
from leastloss.evaluation import check_network
from leastloss.losses import log_priors
from leastloss.models import Masks, evaluation_mode, hooked, matched, own_copy, untouched
from leastloss.pruning.recovery.base import Recovery, Repair


@checked
@dataclass(frozen=True, kw_only=True)
class Adjust(Recovery):
    """Take ``tau`` log prior of each class off its logit, by the bias of the last layer.

    Menon et al. 2021, "Long-tail learning via logit adjustment" (arXiv 2007.07314). It changes
    neither weights nor masks, and nothing where all classes have equally many samples. The dense
    network at the start of a path is adjusted too.

    Attributes:
        tau: How much of the log prior; 1 is what theory says, 0 nothing.
    """

    memoryless: ClassVar[bool] = True
    keeps_weights: ClassVar[bool] = True

    tau: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no number."""
        if not abs(self.tau) < float("inf"):
            raise InputError(f"tau is {self.tau}; it must be finite")

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Find the bias to shift, and by how much.

        Raises:
            InputError: If the logits do not come straight from a layer with a bias, or a class has
                no training sample.
        """
        name, shift = _last_bias(dense, data.train.x[:2]), -self.tau * log_priors(data.train)
        last: list[Tensor] = []

        @torch.no_grad()
        def repair(model: nn.Module, masks: Masks) -> None:
            bias = model.get_parameter(name)
            # Still shifted from the step before, unless another repair has set it anew.
            if not (last and torch.equal(bias, last[0])):
                bias.add_(shift.to(bias))
                last[:] = [bias.clone()]

        return repair


@checked
def logit_adjusted(model: nn.Module, data: Any, tau: float = 1.0) -> nn.Module:
    """A copy of a network whose logits are less ``tau`` times the log prior of their class.

    Args:
        model: A network whose logits come straight from a layer with a bias (Linear, Conv2d,
            BatchNorm); it is left as it is.
        data: What it was trained on, as in :func:`leastloss.prune`; the training split's class
            counts are read.
        tau: How much of the log prior is taken off.

    Raises:
        InputError: If there is no such bias, a class has no training sample, or the network does
            not fit the data.

    Example:
        >>> import leastloss as ll
        >>> data = ll.load_data("digits", imbalance="exp", ratio=20, seed=0)
        >>> model = ll.MLP(data.features, (16,), data.classes)
        >>> shift = logit_adjusted(model, data)(data.test.x[:1]) - model(data.test.x[:1])
        >>> [round(value, 2) for value in shift[0, [0, 9]].tolist()]
        [1.21, 4.28]
    """
    with untouched(model):
        adjusted, data = own_copy(model), as_data(data)
        check_network(adjusted, data.train)
        Adjust(tau=tau).begin(adjusted, data, 0)(adjusted, {})
    return adjusted


def _last_bias(model: nn.Module, x: Tensor) -> str:
    """Name of the bias that is added to the logits and to nothing else."""
    outputs: list[tuple[str, Tensor]] = []

    def keep(name: str, module: nn.Module, inputs: Any, output: Tensor) -> None:
        outputs.append((name, output.clone()))

    biased = {
        name: module
        for name, module in model.named_modules()
        if isinstance(getattr(module, "bias", None), nn.Parameter)
    }
    with hooked(biased, keep), evaluation_mode(model), torch.no_grad():
        logits = model(matched(model, x))
    if outputs and torch.equal(outputs[-1][1], logits):
        name = outputs[-1][0]
        return f"{name}.bias" if name else "bias"
    raise InputError(
        "the logits do not come straight from a layer with a bias, so that there is none to shift"
    )
