"""A path that was stopped goes on as if it had never been."""

from pathlib import Path

import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.errors import InputError
from leastloss.models import BinarizedMLP
from leastloss.pruning import PruningPath, prune, shuffled

X = torch.rand(240, 12, generator=torch.Generator().manual_seed(0))
DATA = ll.Data.from_tensors((X, (3 * X[:, :4].sum(1) - 4).round().clamp(0, 3).long() % 4))


@pytest.fixture
def model() -> nn.Module:
    net = ll.MLP(12, (16, 8), 4, generator=torch.Generator().manual_seed(1))
    ll.fit(net, DATA, epochs=5, progress=False)
    return net


def path(net: nn.Module, criterion: str, shares: list[float], **options: object) -> PruningPath:
    return prune(net, DATA, criterion, sparsities=shares, progress=False, **options)  # type: ignore[arg-type]  # of many kinds


def same_states(ours: nn.Module, theirs: nn.Module) -> bool:
    states = ours.state_dict(), theirs.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("criterion", "options"),
    [
        ("nc", {"recovery": "compensate"}),
        ("nc", {"recovery": "compensate+refit"}),
        ("nc", {"recovery": "compensate", "schedule": "one-shot"}),
        ("obs", {"recovery": "compensate"}),
        ("magnitude", {"recovery": "none"}),
        ("magnitude", {"recovery": "finetune:epochs=1"}),
        ("magnitude", {"recovery": "none", "schedule": "sequential"}),
        ("magnitude", {"recovery": "none", "allocation": "uniform"}),
        ("nc", {"recovery": "compensate", "granularity": "unit"}),
    ],
)
def test_two_paths_are_one_bit_for_bit(
    criterion: str, options: dict[str, str], model: nn.Module, tmp_path: Path
) -> None:
    whole = path(model, criterion, [0.5, 0.75], **options)
    ll.save_network(tmp_path / "half.safetensors", whole.model_at(0.5))
    half = ll.load_network(tmp_path / "half.safetensors")
    before = {name: value.clone() for name, value in half.state_dict().items()}
    for resume in (half, path(model, criterion, [0.5], **options)):
        rest = path(model, criterion, [0.75], resume=resume, **options)
        assert same_states(rest.model_at(0.75), whole.model_at(0.75))
        assert same_states(rest.model_at(0.5), whole.model_at(0.5))
        one, two = whole.table().iloc[[1, 2]], rest.table()
        for column in ("sparsity", "removed", "accuracy", "loss", "val_loss", "nc1"):
            assert one[column].tolist() == two[column].tolist(), column
        added = len(whole.removal_order) - whole.steps[1].removed
        assert rest.removal_order[-added:].tolist() == whole.removal_order[-added:].tolist()
        assert rest.dense_predicted.tolist() == whole.dense_predicted.tolist()
    assert rest.removal_order.tolist() == whole.removal_order.tolist()  # that of the path is known
    assert all(torch.equal(half.state_dict()[name], value) for name, value in before.items())


def test_binary_networks_go_on_too() -> None:
    net = BinarizedMLP(12, (16,), 4, generator=torch.Generator().manual_seed(1))
    ll.fit(net, DATA, epochs=3, progress=False)
    whole = path(net, "magnitude", [0.5, 0.75])
    rest = path(net, "magnitude", [0.75], resume=whole.model_at(0.5))
    assert same_states(rest.model_at(0.75), whole.model_at(0.75))


BINARY = [
    {"schedule": "sequential"},
    {"schedule": "sequential", "balance": "polarity"},
    {"schedule": "sequential", "recovery": "finetune:epochs=1"},
    {"schedule": "sequential", "granularity": "unit"},
    {"schedule": "iterative"},
    {"schedule": "iterative", "substeps": 3},
    {"schedule": "iterative", "balance": "polarity"},
    {"schedule": "one-shot", "allocation": "uniform"},
]


@pytest.fixture(scope="module")
def binary() -> nn.Module:
    net = BinarizedMLP(12, (16, 8), 4, generator=torch.Generator().manual_seed(1))
    ll.fit(net, DATA, epochs=3, progress=False)
    return net


@pytest.mark.parametrize("options", BINARY, ids=lambda case: "-".join(map(str, case.values())))
@pytest.mark.parametrize("criterion", ["random", "mils-bdm"])
def test_scores_that_draw_go_on_with_the_same_draws(
    criterion: str, options: dict[str, object], binary: nn.Module
) -> None:
    torch.manual_seed(0)
    whole = path(binary, criterion, [0.3, 0.5, 0.75], **options)
    rest = path(binary, criterion, [0.5, 0.75], resume=whole.model_at(0.3), **options)
    assert same_states(rest.model_at(0.75), whole.model_at(0.75))
    removed = whole.steps[1].removed
    assert rest.removal_order[removed:].tolist() == whole.removal_order[removed:].tolist()


@pytest.mark.parametrize(
    ("schedule", "recovery", "granularity"),
    [
        ("iterative", "compensate", "weight"),
        ("sequential", "none", "weight"),
        ("iterative", "none", "unit"),
    ],
)
def test_every_criterion_goes_on(schedule: str, recovery: str, granularity: str) -> None:
    model = ll.MLP(12, (6, 4), 4, generator=torch.Generator().manual_seed(1))
    options = {"schedule": schedule, "recovery": recovery, "granularity": granularity}
    refused = []
    for criterion in ll.criteria():
        try:
            whole = path(model, criterion, [0.25, 0.5], **options)
        except InputError:  # not every score is of such parts
            refused.append(criterion)
            continue
        rest = path(model, criterion, [0.5], resume=whole.model_at(0.25), **options)
        assert same_states(rest.model_at(0.5), whole.model_at(0.5)), criterion
        removed = whole.steps[1].removed
        order = rest.removal_order.tolist()
        assert order[removed:] == whole.removal_order[removed:].tolist(), criterion
    assert len(refused) < len(ll.criteria()) / 2


def test_another_criterion_goes_on_from_where_the_path_is(binary: nn.Module) -> None:
    half = path(binary, "random", [0.5], schedule="sequential")
    rest = path(binary, "mils-bdm", [0.75], schedule="sequential", resume=half)
    gone = half.removal_order
    assert rest.removal_order[: len(gone)].tolist() == gone.tolist()
    assert len(set(rest.removal_order)) == len(rest.removal_order)


def test_packed_networks_go_on_too(model: nn.Module, tmp_path: Path) -> None:
    whole = path(model, "nc", [0.5, 0.75])
    ll.save_network(tmp_path / "half.safetensors", whole.model_at(0.5), packed=True)
    half = ll.load_network(tmp_path / "half.safetensors")
    assert same_states(path(model, "nc", [0.75], resume=half).model_at(0.75), whole.model_at(0.75))


def test_what_a_path_begins_with_is_no_part_of_it(model: nn.Module) -> None:
    half = path(model, "magnitude", [0.5], recovery="none")
    rest = path(model, "magnitude", [0.75], recovery="none", resume=half.model_at(0.5))
    with pytest.raises(InputError, match=r"sparsity 0.3 is not on this path; it goes from 0.5 to"):
        rest.model_at(0.3)
    assert rest.settings["resumed_at"] == pytest.approx(0.5, abs=0.01)
    with pytest.raises(InputError, match="goes on from another one"):
        shuffled(rest, DATA)
    with pytest.raises(InputError, match="ask for more"):
        path(model, "magnitude", [0.4], resume=half)


def test_networks_of_another_kind_are_one_clear_line(model: nn.Module) -> None:
    units = path(model, "magnitude", [0.5], granularity="unit")
    wide = ll.MLP(12, (20, 8), 4)
    cases: list[tuple[object, dict[str, object], str]] = [
        (wide, {}, "resume is no network pruned from this model: they differ in 'layers.0.weight'"),
        (ll.compact(units.model_at(0.5)), {}, "one that was compacted cannot go on"),
        (
            path(model, "magnitude", [0.5]).model_at(0.5),
            {"granularity": "unit"},
            "other zeros in layer",
        ),
    ]
    for resume, options, said in cases:
        with pytest.raises(InputError, match=said) as error:
            path(model, "magnitude", [0.9], resume=resume, **options)
        assert "\n" not in str(error.value)
