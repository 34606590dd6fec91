"""Networks and Jacobians on which moves of the logits are checked."""

import torch
from torch import Tensor, nn

from leastloss.activations.observe import observing
from leastloss.models.layers import prunable_layers


def jacobians(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Of the logits by each layer's output, sample by sample: (n, C, units, positions)."""
    rows: dict[str, list[Tensor]] = {name: [] for name in prunable_layers(model)}
    for one in x.double():
        with observing(prunable_layers(model), lambda *_: None) as outputs:
            logits = model(one[None])[0]
        for name, output in outputs.items():
            slopes = [torch.autograd.grad(z, output, retain_graph=True)[0] for z in logits]
            rows[name].append(torch.stack(slopes)[:, 0].flatten(2 if output.ndim > 2 else 1))
    found = {name: torch.stack(each) for name, each in rows.items()}
    return {name: j if j.ndim == 4 else j[..., None] for name, j in found.items()}
