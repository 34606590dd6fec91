"""A forward hook of the network's owner counts like a module behind the layer."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.evaluation import network_collapse
from leastloss.pruning.path import PruningPath

UNITS = (
    "nc",
    "margin",
    "taylor",
    "wanda",
    "fisher-ratio",
    "partial-fisher",
    "class-angles",
    "structured-obs",
)


class Half(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * x


@pytest.fixture(scope="module")
def few() -> Data:
    """Some digits, less of the later classes."""
    whole = ll.load_data("digits", seed=0)
    keep = (whole.train.y < 4) & (torch.rand(len(whole.train)) < 0.7)
    return Data.from_tensors((whole.train.x[keep][:200], whole.train.y[keep][:200]))


def networks(kind: str, *, reads: bool = True) -> tuple[nn.Module, nn.Module]:
    """One with factors as modules, and its like with hooks instead; one hook on what is read."""
    torch.manual_seed(0)
    first, second, last = nn.Linear(64, 12), nn.Linear(12, 8), nn.Linear(8, 4)
    if kind == "convolutions":
        first, second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, stride=2)
    shape = [nn.Unflatten(1, (1, 8, 8))] if kind == "convolutions" else []
    ends = [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if kind == "convolutions" else []
    modules = nn.Sequential(
        nn.Flatten(), *shape, first, Half(), nn.ReLU(), second, nn.ReLU(), *ends, last
    )
    if reads:
        modules.insert(len(modules) - 1, Half())
    hooks = copy.deepcopy(modules)
    layers = [module for module in hooks if isinstance(module, nn.Linear | nn.Conv2d)]
    for i, module in enumerate(hooks):
        if isinstance(module, Half):
            hooks[i] = nn.Identity()
    layers[0].register_forward_hook(lambda *seen: 0.5 * seen[-1])
    if reads:
        layers[2].register_forward_pre_hook(lambda _, inputs: (0.5 * inputs[0],))
    return modules.eval(), hooks.eval()


def both(kind: str, data: Data, criterion: str, **options: object) -> list[PruningPath]:
    reads = criterion != "scatter-slope"  # its features are outputs of modules
    return [
        ll.prune(model, data, criterion, sparsities=[0.3, 0.6], progress=False, **options)  # type: ignore[arg-type]  # options of several types
        for model in networks(kind, reads=reads)
    ]


@pytest.mark.parametrize("kind", ["perceptron", "convolutions"])
@pytest.mark.parametrize("criterion", ll.criteria())
def test_scores_are_those_of_a_module(criterion: str, kind: str, few: Data) -> None:
    try:
        modules, hooks = both(kind, few, criterion, recovery="none")
    except InputError as error:
        assert "binary" in str(error) or "unit" in str(error)  # noqa: PT017  # as it is meant
        return
    assert np.array_equal(modules.removal_order, hooks.removal_order)
    assert modules.table()["accuracy"].tolist() == hooks.table()["accuracy"].tolist()


@pytest.mark.parametrize("criterion", UNITS)
def test_units_are_those_of_a_module(criterion: str, few: Data) -> None:
    modules, hooks = both("perceptron", few, criterion, recovery="none", granularity="unit")
    assert np.array_equal(modules.removal_order, hooks.removal_order)


@pytest.mark.parametrize("kind", ["perceptron", "convolutions"])
@pytest.mark.parametrize("recovery", ["compensate", "compensate+refit", "finetune:epochs=2"])
def test_repairs_are_those_of_a_module(recovery: str, kind: str, few: Data) -> None:
    modules, hooks = both(kind, few, "nc", recovery=recovery)
    for ours, theirs in zip(modules.steps, hooks.steps, strict=True):
        assert ours.metrics["loss"] == pytest.approx(theirs.metrics["loss"], rel=1e-4)
    pruned = [path.model_at(0.6) for path in (modules, hooks)]
    for a, b in zip(*(model.parameters() for model in pruned), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_a_compensated_layer_gives_what_it_gave_and_the_hook_follows(few: Data) -> None:
    """With nothing removed the targets are met: they are not those behind the hook."""
    dense, _ = networks("perceptron")
    repaired = both("perceptron", few, "magnitude", recovery="compensate")[1].model_at(0.0)
    x = few.train.x
    assert float((repaired(x) - dense(x)).detach().norm() / dense(x).detach().norm()) < 0.02


def test_geometry_and_adjusted_logits_see_the_hook(few: Data) -> None:
    modules, hooks = networks("perceptron")
    found = [network_collapse(model, few.train) for model in (modules, hooks)]
    assert found[0] == pytest.approx(found[1])
    hooks[-1].register_forward_hook(lambda *seen: 0.5 * seen[-1])
    with pytest.raises(InputError, match="do not come straight from a layer with a bias"):
        ll.logit_adjusted(hooks, few)  # half of the shift would arrive
    small = ll.compact(hooks)
    torch.testing.assert_close(small(few.test.x), hooks(few.test.x))
