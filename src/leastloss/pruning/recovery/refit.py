"""Refits in logit space: one closed-form least-squares problem per unit, unit after unit."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from leastloss.activations import Draws, Samples, logits_of, observing, repairable_layers
from leastloss.data import Data, is_map
from leastloss.errors import InputError
from leastloss.geometry import refit_units, softmax_roots
from leastloss.models import Masks, has_maps, mask_for, matched, misused
from leastloss.pruning.recovery.base import Recovery, Repair
from leastloss.pruning.recovery.compensate import refuse_binary

_STEPS = (1.0, 0.5, 0.25)  # of the way to the solution of the linearised problem


@dataclass(frozen=True, kw_only=True)
class Refit(Recovery):
    """Move the logits back to the dense network's: block-coordinate Gauss-Newton, no labels.

    Linear layer by linear layer, and in it unit by unit, the unit's kept weights and bias solve the
    least-squares problem of bringing the logits to those of the dense network, all else fixed and
    the network linearised in the unit (:mod:`leastloss.geometry.refits`). Distances of logits are
    weighed by the Gauss-Newton matrix of the softmax, ``diag(p) - p p^T`` at the dense network's
    probabilities, plus ``floor`` times the identity. A layer's change is taken only if the distance
    falls in truth. It starts from the weights as they are: put it behind ``compensate``.
    Convolutions are left as they are.

    Attributes:
        sweeps: Passes over all layers.
        balanced: Count every class once; False counts every sample once.
        noise: Standard deviation of Gaussian noise on half of the inputs; the dense network meets
            the same noise, so that it teaches beyond its few samples of a rare class.
        clean: Whether the dense network answers without the noise, so that the pruned one learns
            to undo it.
        gamma: Damping, as a share of each unit's own curvature and of its layer's mean one.
        temperature: Divides the dense logits in the probabilities of the metric.
        floor: Share of the identity in the metric.
        most: Samples of each class that are read.
        widest: Units that keep more weights than so many are left as they are: these have little to
            gain, and their problems cost the most.

    Raises:
        InputError: If an option is out of range; at the start, if a layer is binary.

    Example:
        >>> Refit(sweeps=2).label
        'refit:sweeps=2'
    """

    name: ClassVar[str] = "refit"
    stateless: ClassVar[bool] = True

    sweeps: int = 1
    balanced: bool = True
    noise: float = 0.1
    clean: bool = False
    gamma: float = 1e-3
    temperature: float = 2.0
    floor: float = 0.02
    most: int = 300
    widest: int = 128

    def __post_init__(self) -> None:
        """Refuse options that have no meaning."""
        for name in ("gamma", "temperature", "floor"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(f"{name} is {getattr(self, name)}; it must be above 0 and finite")
        if min(self.sweeps, self.most, self.widest) < 1 or not 0 <= self.noise < float("inf"):
            raise InputError(
                f"sweeps is {self.sweeps}, most {self.most}, widest {self.widest} and noise "
                f"{self.noise}; noise must be at least 0, the others at least 1"
            )

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        """Draw the samples and note the dense network's logits."""
        return self.prepare(dense, data, seed, Draws())

    def prepare(self, dense: nn.Module, data: Data, seed: int, draws: Draws) -> Repair:
        """Begin with the draws of a path; see :meth:`Recovery.prepare`."""
        refuse_binary(dense, "refit")
        if is_map(data.train.y):
            raise InputError(
                "refit fits the logits of whole samples, and in these data each position has a "
                "label; repair with compensate, recalibrate or finetune"
            )
        samples = draws.draw(
            data.train, dense, balanced=self.balanced, noise=self.noise, most=self.most
        )
        x = matched(dense, samples.x)
        samples = replace(samples, x=x, weights=samples.weights.to(x.device))
        with torch.no_grad():
            asked = matched(dense, samples.clean if self.clean else samples.x)
            logits = torch.cat([logits_of(dense, asked[p]) for p in samples.batches(dense)])
        roots = softmax_roots(logits, self.temperature, self.floor)
        barred = misused(dense, samples.x[:8])

        def repair(model: nn.Module, masks: Masks) -> None:
            layers = repairable_layers(model, samples.x[:2], masks, barred)
            for _ in range(self.sweeps):
                for name, layer in layers.items():
                    if isinstance(layer, nn.Linear):
                        self._refit(model, name, layer, masks, samples, logits, roots)

        return repair

    def _refit(
        self,
        model: nn.Module,
        name: str,
        layer: nn.Linear,
        masks: Masks,
        samples: Samples,
        targets: Tensor,
        roots: Tensor,
    ) -> None:
        """Refit the units of one layer."""
        mask = mask_for(masks, name, layer)
        few = mask.sum(dim=1) <= self.widest
        if not bool(few.any()):
            return
        inputs: list[Tensor] = []
        slopes, logits = [], []
        for piece in _pieces(model, samples):
            with (
                observing({name: layer}, lambda _, x: inputs.append(x)) as outputs,
                torch.enable_grad(),
            ):
                batch_logits = logits_of(model, samples.x[piece])
            if inputs[-1].ndim != 2 or not batch_logits.requires_grad:
                return  # used at several positions, or by no logit: left to compensation
            by_column = [
                torch.autograd.grad(
                    batch_logits, outputs[name], root, retain_graph=True, materialize_grads=True
                )[0]
                for root in roots[piece].unbind(dim=1)
            ]
            slopes.append(torch.stack(by_column, dim=2))
            logits.append(batch_logits.detach())
        residual = _residual(roots, targets, torch.cat(logits))
        before = _distance(residual, samples.weights)
        change, shift = refit_units(
            torch.cat(inputs),
            torch.cat(slopes),
            residual,
            mask,
            few,
            samples.weights,
            damping=self.gamma,
            bias=layer.bias is not None,
        )
        old = {key: value.detach().clone() for key, value in layer.named_parameters()}
        moves = {"weight": change, "bias": shift}
        with torch.no_grad():
            for step in _STEPS:
                for key, value in layer.named_parameters():
                    value.copy_(old[key] + step * moves[key])
                logits = [model(samples.x[piece]) for piece in _pieces(model, samples)]
                now = _residual(roots, targets, torch.cat(logits))
                if _distance(now, samples.weights) < before:
                    return
            for key, value in layer.named_parameters():
                value.copy_(old[key])


def _pieces(model: nn.Module, samples: Samples) -> list[slice]:
    """All samples at once, but where there are feature maps, which take far more memory."""
    return list(samples.batches(model)) if has_maps(model) else [slice(None)]


def _residual(roots: Tensor, targets: Tensor, logits: Tensor) -> Tensor:
    """What the logits lack, in the metric: shape (n, columns)."""
    return torch.einsum("nkc,nc->nk", roots, targets - logits)


def _distance(residual: Tensor, weights: Tensor) -> float:
    return float(weights @ residual.double().square().sum(dim=1))
