"""What stands fixed before the first removal, and what is refused."""

import pytest
from tests.pruning.cases import DATA, OPTIONS, kept, network
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import prune


@pytest.fixture
def model(networks: dict[str, nn.Module]) -> nn.Module:
    return networks["mlp"]


@pytest.fixture
def own_network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 10))


def test_there_must_be_room_for_one_weight_of_each_layer() -> None:
    with pytest.raises(InputError, match="removing 49 of 50 weights would empty one of 2") as said:
        ll.prune(network(), DATA, "magnitude", sparsities=[0.98], **OPTIONS)
    assert "can be at most 0.96, or more with empty_layers=True" in str(said.value)
    path = ll.prune(network(), DATA, "magnitude", sparsities=[0.98], empty_layers=True, **OPTIONS)
    assert sum(kept(path, 0.98)) == 1


def test_units_always_keep_one() -> None:
    with pytest.raises(InputError, match="empty_layers is for weights"):
        ll.prune(network(), DATA, "magnitude", granularity="unit", empty_layers=True, **OPTIONS)


def test_layers_can_be_named(own_network: nn.Module, data: Data) -> None:
    path = prune(own_network, data, "magnitude", layers=["1"], to_sparsity=0.5, progress=False)
    assert list(path.masks_at(0.5)) == ["1"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"criterion": "magnitud"}, "unknown criterion 'magnitud'; did you mean 'magnitude'"),
        ({"schedule": "oneshot"}, "did you mean 'one-shot'"),
        ({"recovery": "tune"}, "did you mean 'finetune'"),
        ({"granularity": "filter"}, "unknown granularity 'filter'"),
        ({"criterion": 3}, "criterion is 3; it must be a text or a Criterion"),
        ({"recovery": None}, "recovery is None; it must be a text or a Recovery"),
        ({"to_sparsity": 1.0}, "to_sparsity is 1.0"),
        ({"to_sparsity": "0.5"}, "to_sparsity is '0.5'; it must be a number"),
        ({"sparsities": 0.5}, "sparsities is 0.5; it must be a list of numbers"),
        ({"sparsities": "0.5"}, "sparsities is '0.5'; it must be a list of numbers"),
        ({"sparsities": ()}, "sparsities are empty"),
        (
            {"layers": "1"},
            r"layers is '1'; it must be a list of texts or None; give a list, as in \['1'\]",
        ),
        ({"steps": 0}, "steps is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"layers": ["nope"]}, "unknown layer 'nope'"),
        ({"layers": ["layers.0", "layers.0"]}, "each may occur once"),
    ],
)
def test_bad_arguments_are_one_clear_line(
    wrong: dict[str, object], message: str, model: nn.Module, data: Data
) -> None:
    with pytest.raises(InputError, match=message):
        prune(model, data, **{"progress": False} | wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_the_test_split_of_plain_tensors_does_not_depend_on_the_seed(
    own_network: nn.Module, data: Data
) -> None:
    pair = (data.train.x, data.train.y)
    tables = [
        prune(own_network, pair, "magnitude", steps=1, seed=seed, progress=False).table()
        for seed in (0, 1)
    ]
    columns = ["accuracy", "loss", "val_loss"]
    assert tables[0].loc[:0, columns].equals(tables[1].loc[:0, columns])


def test_units_that_would_empty_a_layer_are_refused_at_once(data: Data) -> None:
    with pytest.raises(InputError, match=r"to_sparsity can be at most 0\.75"):
        prune(ll.MLP(64, (4, 4), 10), data, "nc", granularity="unit", to_sparsity=0.9)
