"""No call of the Python API with a wrong value ends in anything but one clear line."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import leastloss as ll
from leastloss import criteria, geometry, information
from leastloss.errors import InputError, ResourceError

X = torch.linspace(0, 1, 240).reshape(60, 4)
Y = torch.arange(60) % 3
LONGEST = 400


class Nothing:
    """A value that is of no use anywhere."""


HUGE, LARGE = 10**30, 2**62
WRONG: list[Any] = [
    None, True, "3", "", b"3", 3, -1, 0, HUGE, -HUGE, 10**400, LARGE, 1.5, -0.5, float("nan"),
    float("inf"), 1j, np.float32(1.5), np.int8(-3), (), (3,), (1.5,), ("a", 3), [None], [HUGE], {},
    {"a": 1}, {3}, range(0), np.zeros((2, 2)), np.array([]), np.array(["a"]), torch.zeros(2, 3),
    torch.zeros(()), nn.Linear(2, 2), nn.Linear, Nothing(), Nothing, print, "x" * 20_000,
    [0.0] * 20_000,
]  # fmt: skip


@pytest.fixture(scope="module")
def good() -> dict[str, dict[str, Any]]:
    """Arguments with which each public name can be called at once."""
    torch.manual_seed(0)
    data = ll.Data.from_tensors((X, Y))
    model = ll.MLP(4, (3,), 3)
    path = ll.prune(model, data, "magnitude", steps=2, to_sparsity=0.5, progress=False)
    statistics = geometry.class_statistics(X, Y, keep_covariances=True)
    short = {"progress": False, "steps": 1, "to_sparsity": 0.5, "criterion": "magnitude"}
    matrix = np.eye(4)
    inverse = geometry.regularised_inverse(statistics.within, 0.1)
    sets, pair = [np.arange(3), np.arange(3, 6)], [np.eye(4), np.eye(4)]
    margins = geometry.linear_margins(statistics, torch.ones(3, 4))
    known = {
        "MLP": {"features": 4, "hidden": (3,), "classes": 3},
        "BinarizedMLP": {"features": 4, "hidden": (3,), "classes": 3},
        "ConvNet": {"shape": (1, 8, 8), "hidden": (2, 3), "classes": 3},
        "ResNet": {"shape": (1, 8, 8), "blocks": 1, "classes": 3},
        "load_checkpoint": {"path": "nowhere.pth", "into": model},
        "Data": {"name": "x", "train": data.train, "val": data.val, "test": data.test,
                 "recipe": {}},
        "Data.from_tensors": {"train": (X, Y)},
        "Split": {"x": X, "y": Y, "classes": 3, "minority": (0,)},
        "BinarizedConvNet": {"shape": (1, 4, 4), "hidden": (2, 3)},
        "Adapted": {"network": model},
        "bit_packed": {"model": ll.BinarizedMLP(4, (3,), 3)},
        "export": {"network": model, "out": "home", "data": X, "formats": ["pt2"]},
        "linear_form": {"model": model},
        "native_form": {"model": model},
        "compact": {"model": model},
        "evaluate": {"model": model, "split": data.test},
        "fit": {"model": model, "data": data, "epochs": 1, "progress": False},
        "load_data": {},
        "load_network": {"path": "nowhere.safetensors"},
        "save_network": {"path": "net.safetensors", "model": model},
        "to_torch_prune": {"model": model},
        "logit_adjusted": {"model": model, "data": data},
        "prune": {"model": model, "data": data, **short},
        "robustness": {"model": model, "split": data.test, "severities": [1],
                       "corruptions": ["gaussian"]},
        "PruningPath.model_at": {"sparsity": 0.5},
        "PruningPath.masks_at": {"sparsity": 0.5},
        "class_statistics": {"features": X, "labels": Y},
        "collapse_metrics": {"features": X, "labels": Y, "weight": torch.ones(3, 4)},
        "gram_distance": {"vectors": torch.eye(3), "reference": torch.eye(3)},
        "partial_fisher": {"inverse": inverse, "between": statistics.between},
        "partial_fisher_pairs": {"inverse": inverse, "means": statistics.means},
        "regularised_inverse": {"within": statistics.within, "gamma": 0.1},
        "remove": {"inverse": inverse, "unit": 0},
        "restricted": {"statistics": statistics, "features": torch.arange(2)},
        "seli_grams": {"counts": [3, 2, 1]},
        "simplex_gram": {"classes": 3},
        "linear_margins": {"statistics": statistics, "weight": torch.ones(3, 4)},
        "margin_loss": {"moments": margins, "gamma": 0.1},
        "greedy_order": {"statistics": statistics},
        "bdm": {"matrices": matrix},
        "block_entropy": {"matrices": matrix},
        "covered": {"shape": (4, 4), "block": 4, "boundary": "ignore"},
        "ctm_table": {"block": 2},
        "encode": {"ternary": matrix},
        "information_loss": {"matrices": matrix},
        "removal_order": {"matrices": matrix},
        "set_removal_order": {"matrices": matrix, "sets": sets},
        "set_information_loss": {"matrices": matrix, "sets": sets},
        "replay": {"matrices": matrix, "order": np.arange(3)},
        "removal_cost": {"loss": np.arange(3.0), "strategy": "min_absolute"},
        "permutation_sensitivity": {"layers": pair, "permutations": 1},
        "unit_cells": {"shapes": [(4, 4), (4, 4)], "incoming": [0], "outgoing": [1]},
        "unit_information_loss": {"matrices": pair, "incoming": [0], "outgoing": [1]},
    }  # fmt: skip
    by_statistics = ("class_distance_variance", "cosine_rise", "fisher_ratio", "nc1_change",
                     "variability_quotient", "within_class_variability")  # fmt: skip
    known["as_criterion"] = {"criterion": "nc"}
    return (
        {name: {"statistics": statistics} for name in by_statistics} | known | {"": {"path": path}}
    )


OWN_CHECKS = ("Criterion", "PruningPath", "ClassStatistics", "Guarded", "MarginMoments",
              "PooledAccumulator", "Rescored", "Separation", "Shrinking", "StatisticsAccumulator",
              "PermutationSensitivity", "ScoringContext", "eliminate", "criteria")  # fmt: skip


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    for room in (ll, geometry, information, criteria):
        for name in room.__all__:
            target = getattr(room, name)
            ours = getattr(target, "__module__", "").startswith("leastloss")
            if ours and callable(target) and name not in OWN_CHECKS:
                yield name, target


TARGETS = dict(public())
WITHIN = {"Data.from_tensors": ll.Data.from_tensors}  # and of the path in the fixture
SLOW = (
    "fit",
    "prune",
    "robustness",
    "load_data",
    "export",
)  # where the value happens to be allowed
CALLBACKS = (
    "on_epoch",
    "on_step",
    "forward_fn",
)  # what the caller's own function raises is its own


def complaint(call: Callable[..., Any], arguments: dict[str, Any]) -> str:
    """What is wrong with how a call ends; empty if it works or is refused in one line."""
    try:
        call(**arguments)
    except (InputError, ResourceError) as error:
        said = str(error)
        return "" if "\n" not in said and len(said) <= LONGEST else f"too long: {said[:200]}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def values_for(title: str, parameter: str) -> list[Any]:
    found = [value for value in WRONG if parameter not in CALLBACKS or not callable(value)]
    if parameter in ("epochs", "batch"):  # allowed, and long: stopping early is all that ends it
        found = [value for value in found if value is not LARGE]
    return found if title not in SLOW else [*found[::8], HUGE, None]


@pytest.mark.filterwarnings("ignore")
def test_no_wrong_value_ends_in_a_traceback(
    good: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # some values are names of files
    path = good[""]["path"]
    within = {f"PruningPath.{n}": getattr(path, n) for n in ("model_at", "masks_at")}
    calls, found = 0, []
    for title, target in (TARGETS | WITHIN | within).items():
        arguments = good.get(title, {})
        for parameter in inspect.signature(target).parameters:
            for value in values_for(title, parameter):
                calls += 1
                if said := complaint(target, {**arguments, parameter: value}):
                    found.append(f"{title}({parameter}={str(value)[:40]}): {said[:200]}")
    assert not found, "\n".join(found)
    assert calls > 1000


def data_of(n: int = 60) -> ll.Data:
    return ll.Data.from_tensors((X[:n], Y[:n]))


def small() -> ll.MLP:
    return ll.MLP(4, (3,), 3)


def loader_of(batch: Any) -> DataLoader[Any]:
    return DataLoader(TensorDataset(X, Y), collate_fn=lambda samples: batch)


BY_HAND: dict[str, tuple[Callable[[], Any], str]] = {
    "epochs='3'": (lambda: ll.fit(small(), data_of(), epochs="3"),
                   "fit: epochs is '3'; it must be an integer"),
    "epochs=True": (lambda: ll.fit(small(), data_of(), epochs=True),
                    "fit: epochs is True; it must be an integer"),
    "epochs=1e20": (lambda: ll.fit(small(), data_of(), epochs=1e20),
                    "fit: epochs is 1e+20; it must be an integer"),
    "lr=None": (lambda: ll.fit(small(), data_of(), lr=None), "lr is None; it must be a number"),
    "steps=None": (lambda: ll.prune(small(), data_of(), steps=None),
                   "prune: steps is None; it must be an integer"),
    "steps=10**30": (lambda: ll.prune(small(), data_of(), steps=HUGE),
                     "steps is 1000000000000000000000000000000; it must be an integer below 2^63"),
    "substeps=None": (lambda: ll.prune(small(), data_of(), substeps=None), "substeps is None"),
    "layers=3": (lambda: ll.prune(small(), data_of(), layers=3),
                 "layers is 3; it must be a list of texts or None"),
    "layers='0'": (lambda: ll.prune(small(), data_of(), layers="layers.0"), "give a list, as in"),
    "layers twice": (lambda: ll.prune(small(), data_of(), layers=["layers.0", "layers.0"]),
                     "layers is ['layers.0', 'layers.0']; each may occur once"),
    "noise=3": (lambda: ll.prune(small(), data_of(), noise=3), "noise is 3; it must be a list of"),
    "MLP(4, 3, 2)": (lambda: ll.MLP(4, 3, 2), "MLP: hidden is 3; it must be a list of integers"),
    "MLP(4, (1.5,), 2)": (lambda: ll.MLP(4, (1.5,), 2), "hidden is (1.5,); it must be a list"),
    "MLP too large": (lambda: ll.MLP(4, (10**9,), 10**6), "MLP: there is not enough memory"),
    "beyond 64 bits": (lambda: ll.MLP(2**62, (4,), 3), "MLP: there is not enough memory"),
    "rare=5": (lambda: ll.load_data(rare=5), "load_data: rare is 5; it must be a list of integers"),
    "data_dir=3": (lambda: ll.load_data(data_dir=3), "data_dir is 3; it must be a text or a PathL"),
    "compact(None)": (lambda: ll.compact(None), "model is None; it must be a torch.nn.Module"),
    "block='x'": (lambda: ll.MILS(block="x"), "MILS: block is 'x'; it must be an integer"),
    "share='a'": (lambda: ll.Blend(share="a"), "Blend: share is 'a'; it must be a number"),
    "pooled=1": (lambda: ll.MILS(pooled=1), "pooled is 1; it must be True or False"),
    "widths": (lambda: ll.evaluate(nn.Linear(9, 3), data_of().test),
               "the network does not run on samples of shape (4,)"),
    "a text of a book": (lambda: ll.prune(small(), data_of(), "x" * 20_000), "unknown criterion"),
    "a batch of texts": (lambda: ll.fit(small(), loader_of(("a", "b"))), "must yield pairs"),
    "a batch of one": (lambda: ll.fit(small(), loader_of((X[0], Y[0]))), "DataLoader's batches"),
    "no train": (lambda: ll.Data.from_tensors(None), "train must be a pair"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BY_HAND)
def test_the_line_says_what_was_given_and_what_is_allowed(kind: str) -> None:
    call, words = BY_HAND[kind]
    with pytest.raises((InputError, ResourceError), match=re.escape(words)) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) <= LONGEST
