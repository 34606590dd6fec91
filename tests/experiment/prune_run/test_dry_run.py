"""What a prune run is refused for shows on the network as it is before training."""

import pytest
import torch
from torch import nn

from leastloss.data import Data, load_data
from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.choices import choices
from leastloss.experiment.prune_run.dry_run import rehearse
from leastloss.experiment.train import network_of

BINARY = "sets real weights, which binary layers cannot take"


def begin(data: Data, **options: object) -> nn.Module:
    """Rehearse on an untrained network; returns it."""
    given = {"criteria": "magnitude", "model": "mlp", "hidden": "12,8"} | options
    config = PruneConfig(**given)  # type: ignore[arg-type]  # plain values
    model = network_of(config, data)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rehearse(config, choices(config), model, data)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training
    return model


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "binarized-mlp", "recovery": "compensate"}, BINARY),
        ({"model": "binarized-mlp", "recovery": "recalibrate+refit"}, BINARY),
        ({"model": "mlp-no-bias", "recovery": "adjust"}, "do not come straight from a layer with"),
        ({"criteria": "flips"}, "flips are those of binary weights"),
        ({"granularity": "unit", "hidden": ""}, "no hidden layer, so it has no units"),
        ({"granularity": "unit", "to_sparsity": 0.93}, "to_sparsity can be at most 0.9"),
        ({"criteria": "mils-bdm:hidden_order=1", "hidden": ""}, "hidden_order needs hidden units"),
        ({"criteria": "mils-bdm", "hidden": "", "permutations": 2}, r"1 layer\(s\) were given"),
        ({"empty_layers": "maybe"}, "unknown empty_layers 'maybe'"),
        ({"empty_layers": "yes", "granularity": "unit"}, "empty_layers is for weights"),
        ({"to_sparsity": 0.999}, "would empty one of 3 layers; to_sparsity can be at most 0.99"),
        ({"layers": "layers.1"}, "unknown layer 'layers.1'"),
        ({"hidden": "", "sparsities": "0.0001,0.5"}, "every step must remove at least"),
    ],
)
def test_what_a_network_forbids(data: Data, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        begin(data, **options)
    assert "\n" not in str(caught.value)


def test_a_leak_needs_what_was_taken_away(data: Data) -> None:
    begin(data, criteria="scatter-slope:leak=true")
    with pytest.raises(InputError, match="leak=true needs the training images"):
        begin(load_data("digits", seed=0), criteria="scatter-slope:leak=true")


def test_every_criterion_that_is_refused_is_named(data: Data) -> None:
    with pytest.raises(
        InputError, match=r"^flips: flips are those of .*; use a binarized network$"
    ):
        begin(data, criteria="magnitude,flips,random")
    # What all of them are refused for is said once.
    with pytest.raises(InputError, match=r"^the network has no hidden layer"):
        begin(data, criteria="magnitude,nc,random", granularity="unit", hidden="")


@pytest.mark.parametrize("name", ["binarized-mlp", "mlp", "mlp-no-bias", "convnet"])
@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_what_is_allowed(data: Data, name: str, granularity: str) -> None:
    hidden = "4,4,8" if name == "convnet" else "12,8"
    criteria = "nc,magnitude,random@magnitude"
    options = {"criteria": criteria, "granularity": granularity, "to_sparsity": 0.5, "steps": 2}
    begin(data, model=name, hidden=hidden, **options)
