"""The first description of pruning by neural collapse, kept as a baseline."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.activations import batches, check_called, logits_of, shares_by_count
from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.gradients import weight_gradient, zeros_like_weights
from leastloss.criteria.scoring.weight_score import WeightScore
from leastloss.data import Split, is_map
from leastloss.errors import InputError
from leastloss.models import evaluation_mode, hooked, prunable_layers


@checked
@dataclass(frozen=True, kw_only=True)
class ScatterSlope(WeightScore):
    """Slope of the within-class scatter: ``|2 mean_i x_i (h_i - mu_y)^T|``, as first published.

    Inputs x of a layer against the deviations of its features h from their class means. There is no
    factor w, no scatter between classes, and samples are not balanced: it is the score to compare
    with, not one to use. Features are what the layer's BatchNorm and activation make of its output
    where these are modules; their own derivative is left out, as in the original. A unit is worth
    the sum of its kept incoming weights.

    Attributes:
        leak: Take the statistics on the training images that imbalance took away as well, which the
            network never saw; the original did.
        balanced: Count every class once; False, as in the original, counts every sample once.

    Raises:
        InputError: At scoring, if ``leak`` is set and no images were taken away.

    Example:
        >>> ScatterSlope(leak=True).label
        'scatter-slope:leak=true'
    """

    name: ClassVar[str] = "scatter-slope"
    summary: ClassVar[str] = "slope of the within-class scatter, as first published; a baseline"

    leak: bool = False
    balanced: bool = False

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        splits = [context.train, *self._leaked(context)]
        counts = torch.stack([torch.from_numpy(split.counts()) for split in splits]).sum(dim=0)
        shares = shares_by_count(counts, balanced=self.balanced)
        layers = prunable_layers(context.model, list(context.masks))
        sums: dict[str, Tensor] = {}
        for y, seen in _runs(context.model, splits, list(layers)):
            for name, (_, features) in seen.items():
                members = functional.one_hot(y, len(counts)).T.to(features)
                batch_sums = (members @ features.flatten(1)).double()
                sums[name] = sums[name] + batch_sums if name in sums else batch_sums
        total = zeros_like_weights(layers)
        for y, seen in _runs(context.model, splits, list(layers)):
            for name, (inputs, features) in seen.items():
                means = (sums[name] / counts.to(y.device)[:, None]).to(features)
                weights = 2 * shares.to(features)[y][:, None]
                slopes = ((features.flatten(1) - means[y]) * weights).view_as(features)
                total[name] += weight_gradient(layers[name], inputs, slopes)
        return {name: slope.abs() for name, slope in total.items()}

    def facts(self, context: ScoringContext) -> dict[str, int]:
        """How many samples leaked, if that was asked for; see :meth:`Criterion.facts`."""
        if is_map(context.train.y):
            raise InputError(
                "it compares the features of whole samples, and in these data each position has "
                "a label; use 'lda-taylor', 'taylor' or 'nc'"
            )
        leaked = self._leaked(context)
        leak = {"leaked_samples": sum(len(split) for split in leaked)} if leaked else {}
        return super().facts(context) | leak

    def _leaked(self, context: ScoringContext) -> list[Split]:
        if not self.leak:
            return []
        if context.withheld is None:
            raise InputError(
                "leak=true needs the training images that an imbalance profile took away, and this "
                "data has none; load a data set with imbalance exp, step or named"
            )
        return [context.withheld.split]


def _runs(
    model: nn.Module, splits: list[Split], names: list[str]
) -> Iterator[tuple[Tensor, dict[str, tuple[Tensor, Tensor]]]]:
    """Labels, and each layer's inputs and features, of every batch of all the splits.

    Raises:
        InputError: If a sample or logit is not finite, the logits are not (n, C), or a layer runs
            never or twice.
    """
    for split in splits:
        for x, y in batches(split, model):
            with evaluation_mode(model), torch.no_grad(), watching(model, names) as seen:
                logits_of(model, x)
            check_called(names, seen)
            yield y, seen


@contextmanager
def watching(model: nn.Module, names: list[str]) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Collect each layer's input and features while the network runs.

    The features are the output of the last module without children that runs before the next
    Linear or Conv2d layer and keeps the shape of the layer's output.

    Yields:
        Layer name -> inputs and features; filled by the forward pass.

    Raises:
        InputError: If a layer runs twice in a forward pass.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 2))
        >>> with torch.no_grad(), watching(net, ["0"]) as seen:
        ...     out = net(torch.ones(1, 1))
        >>> bool((seen["0"][1] >= 0).all())
        True
    """
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    last: list[str] = []  # the layer whose features may still come, if any

    def look(name: str, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if name in names:
            if name in seen:
                raise InputError(f"layer {name!r} runs twice in a forward pass")
            last[:] = [name]
            seen[name] = (args[0].clone(), output)
        elif last:
            inputs, features = seen[last[0]]
            weighs = isinstance(module, nn.Linear | nn.Conv2d)
            if weighs or not isinstance(output, Tensor) or output.shape != features.shape:
                last.clear()
            else:
                seen[last[0]] = (inputs, output)

    leaves = {n: m for n, m in model.named_modules() if not any(m.children())}
    with hooked(leaves, look):
        yield seen
