"""Weight flips: those that training could not settle go first."""

import numpy as np
import pytest
import torch
from tests.criteria.cases import context_of
from torch import nn

from leastloss.criteria import Flips
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.models import BinarizedMLP
from leastloss.models.layers import prunable_layers
from leastloss.pruning import prune


@pytest.mark.parametrize("schedule", ["iterative", "sequential"])
def test_often_flipping_weights_go_first(
    schedule: str, networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks["binarized-mlp"]
    options = {"to_sparsity": 0.5, "steps": 2, "schedule": schedule, "progress": False}
    path = prune(model, data, "flips", **options)  # type: ignore[arg-type]  # plain values
    layers = prunable_layers(model).values()
    flips = torch.cat([layer.flips.flatten() for layer in layers]).numpy()
    gone = flips[path.removal_order]
    assert (np.diff(gone) <= 0).all()
    assert gone[0] == flips.max() > 1
    assert gone[-1] >= np.delete(flips, path.removal_order).max()


def test_units_by_the_mean_flips_of_kept_incoming_weights(
    networks: dict[str, nn.Module], data: Data
) -> None:
    context, _, _ = context_of(networks["binarized-mlp"], data, "unit")
    scores = Flips().score(context)
    for name, layer in list(prunable_layers(context.model).items())[:-1]:
        for unit, mask in enumerate(context.masks[name].numpy()):
            if mask.any():
                mean = layer.flips[unit].numpy()[mask].mean()
                assert scores[name][unit] == pytest.approx(-mean)


def test_flips_need_a_trained_binary_network(networks: dict[str, nn.Module], data: Data) -> None:
    with pytest.raises(InputError, match=r"layer 'layers\.0' is a Linear"):
        prune(networks["mlp"], data, "flips", progress=False)
    with pytest.raises(InputError, match="no sign flip was counted"):
        prune(BinarizedMLP(64, (4,), 10), data, "flips", progress=False)
