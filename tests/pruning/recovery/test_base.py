import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.evaluation import evaluate
from leastloss.models.layers import Masks, prunable_layers
from leastloss.pruning import (
    Chain,
    Finetune,
    NoRecovery,
    Recalibrate,
    Recovery,
    Repair,
    apply_masks,
    as_recovery,
    full_masks,
    prune,
    recovery_for,
)


def _halved(model: nn.Module) -> tuple[nn.Module, Masks]:
    model = copy.deepcopy(model)
    masks = full_masks(model)
    for mask in masks.values():
        mask[:, ::2] = False
    apply_masks(model, masks)
    return model, masks


def test_recalibrated_statistics_are_those_of_the_training_split(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = _halved(networks["binarized-mlp"])
    weights = {n: p.detach().clone() for n, p in model.named_parameters()}
    Recalibrate(batch_size=10**6).begin(model, data, 0)(model, masks)
    first, norm = model.layers[0], model.layers[1]  # type: ignore[index]  # a Sequential
    features = first(2 * data.train.x.flatten(1) - 1).detach()
    assert torch.allclose(norm.running_mean, features.mean(0), atol=1e-4)
    assert torch.allclose(norm.running_var, features.var(0), rtol=1e-4, atol=1e-4)
    assert norm.momentum == 0.1
    assert not any(module.training for module in model.modules())
    assert all(torch.equal(weights[n], p) for n, p in model.named_parameters())


def test_recalibration_reads_a_draw_of_the_training_split_when_asked(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = _halved(networks["binarized-mlp"])
    means = []
    for samples, seed in ((200, 0), (200, 0), (200, 1), (10**6, 0)):
        Recalibrate(samples=samples).begin(model, data, seed)(model, masks)
        means.append(model.layers[1].running_mean.clone())  # type: ignore[index]  # a Sequential
    assert torch.equal(means[0], means[1])
    assert not torch.equal(means[0], means[2])
    assert torch.allclose(means[0], means[3], atol=1.5)
    assert not torch.equal(means[0], means[3])


def test_recalibration_leaves_a_network_without_batchnorm_alone(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = _halved(networks["mlp"])
    before = copy.deepcopy(model.state_dict())
    Recalibrate().begin(model, data, 0)(model, masks)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
def test_finetuning_holds_the_masks_and_lowers_the_loss(
    kind: str, data: Data, networks: dict[str, nn.Module]
) -> None:
    model, masks = _halved(networks[kind])
    x, y = data.train.x, data.train.y
    with torch.no_grad():
        before = nn.functional.cross_entropy(model(x), y)
    Finetune(epochs=30, lr=1e-2).begin(model, data, 0)(model, masks)
    with torch.no_grad():
        after = nn.functional.cross_entropy(model(x), y)
    assert after < before
    for name, layer in prunable_layers(model).items():
        if kind == "mlp":
            assert (layer.weight[~masks[name]] == 0).all()
        else:
            assert torch.equal(layer.mask.bool(), masks[name])  # type: ignore[arg-type, operator]  # a buffer


def test_specs_and_objects() -> None:
    assert as_recovery("none") == NoRecovery()
    own = Finetune(epochs=2)
    assert as_recovery(own) is own
    assert as_recovery("finetune:lr=1e-4:epochs=3") == Finetune(epochs=3, lr=1e-4)
    chain = as_recovery("recalibrate:samples=50 + finetune:lr=1e+0")
    assert chain == Chain(links=(Recalibrate(samples=50), Finetune(lr=1.0)))
    assert chain.label == "recalibrate:samples=50+finetune:lr=1.0"
    assert as_recovery(chain.label) == chain


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("fine-tune", "unknown recovery 'fine-tune'; did you mean 'finetune'"),
        ("recalibrate+", "unknown recovery ''"),
        ("none+finetune", "chains 'none' with others"),
        ("finetune:epoch=1", "unknown option 'epoch'; did you mean 'epochs'"),
        ("finetune:epochs=1.5", "epochs is '1.5'; it must be an integer"),
        ("none:epochs=1", "'none' has no options; epochs given"),
        ("recalibrate:samples=1", "both must be at least 2"),
    ],
)
def test_a_wrong_spec_is_refused_in_one_line(spec: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        as_recovery(spec)


@dataclass(frozen=True, kw_only=True)
class Noting(Recovery):
    """Notes when it begins and what it repairs."""

    memoryless: ClassVar[bool] = True

    word: str = "a"

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        _NOTES.append(f"begin {self.word}")
        return lambda model, masks: _NOTES.append(self.word)


_NOTES: list[str] = []


def test_a_chain_begins_once_and_repairs_in_order_after_every_step(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    _NOTES.clear()
    chain = Chain(links=(Noting(word="a"), Noting(word="b")))
    path = prune(networks["mlp"], data, "random", steps=2, recovery=chain, progress=False)
    assert ["begin a", "begin b", *"ab" * 3] == _NOTES  # the dense row, then two steps
    assert path.settings["recovery"] == "noting+noting:word=b"


@pytest.mark.parametrize(
    ("spec", "memoryless", "keeps_weights"),
    [
        ("none", True, True),
        ("recalibrate", True, True),
        ("finetune", False, False),
        ("recalibrate+recalibrate:samples=9", True, True),
        ("recalibrate+finetune", False, False),
    ],
)
def test_a_chain_is_what_all_its_links_are(
    spec: str, memoryless: bool, keeps_weights: bool
) -> None:
    recovery = as_recovery(spec)
    assert (recovery.memoryless, recovery.keeps_weights) == (memoryless, keeps_weights)
    noting = Chain(links=(Noting(), recovery))
    assert (noting.memoryless, noting.keeps_weights) == (memoryless, False)


def test_the_dense_row_gets_the_same_repair(data: Data, networks: dict[str, nn.Module]) -> None:
    model = networks["binarized-mlp"]
    path = prune(
        model, data, "random", to_sparsity=0.5, steps=1, recovery="recalibrate", progress=False
    )
    alone = copy.deepcopy(model)
    Recalibrate().begin(model, data, 0)(alone, full_masks(alone))
    assert path.steps[0].metrics["loss"] == evaluate(alone, data.test)["loss"]
    assert path.steps[0].metrics["loss"] != evaluate(model, data.test)["loss"]
    first = path.model_at(0.0)(data.test.x)
    assert torch.equal(first, alone(data.test.x))


@pytest.mark.parametrize(
    ("kind", "label"), [("mlp", "compensate"), ("binarized-mlp", "recalibrate")]
)
def test_auto_is_what_the_network_can_take(
    kind: str, label: str, data: Data, networks: dict[str, nn.Module]
) -> None:
    path = prune(networks[kind], data, "magnitude", to_sparsity=0.5, steps=1, progress=False)
    assert path.settings["recovery"] == label
    assert recovery_for("auto + finetune", networks[kind]).label == f"{label}+finetune"
    with pytest.raises(InputError, match="'auto:gamma=1' depends on the network"):
        prune(networks[kind], data, "magnitude", recovery="auto:gamma=1", progress=False)


def test_one_shot_scores_the_network_as_it_was_trained(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    options: dict[str, Any] = {"schedule": "one-shot", "steps": 3, "progress": False}
    plain, repaired = (
        prune(networks["mlp"], data, "magnitude", recovery=recovery, **options)
        for recovery in ("none", "compensate")
    )
    assert np.array_equal(plain.removal_order, repaired.removal_order)


@dataclass(frozen=True, kw_only=True)
class Renewing(Noting):
    """Sets all weights anew."""

    renews: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Polishing(Noting):
    """Goes by the weights it finds."""

    memoryless: ClassVar[bool] = False
    stateless: ClassVar[bool] = True


def test_what_is_renewed_first_is_not_remembered() -> None:
    renewing, polishing, note = Renewing(), Polishing(), Noting()
    assert Chain(links=(renewing, polishing)).memoryless
    assert Chain(links=(renewing, note, polishing)).memoryless
    assert not Chain(links=(note, polishing)).memoryless
    assert not Chain(links=(polishing, renewing)).memoryless
    assert not Chain(links=(renewing, polishing, Finetune())).memoryless


def test_refits_behind_compensation_have_no_memory(
    data: Data, networks: dict[str, nn.Module]
) -> None:
    spec = "compensate+refit"
    assert as_recovery(spec).memoryless
    assert not as_recovery("refit").memoryless
    assert not as_recovery(f"{spec}+finetune").memoryless
    path = prune(
        networks["mlp"], data, "magnitude", sparsities=[0.5, 0.9], recovery=spec, progress=False
    )
    assert path.repair is not None
    masks, again = path.masks_at(0.9), copy.deepcopy(networks["mlp"]).eval()
    apply_masks(again, masks)
    path.repair(again, masks)  # with nothing of the step at 0.5
    for name, value in path.model_at(0.9).state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)
    between = path.model_at(0.7)
    gone = sum(int((~mask).sum()) for mask in path.masks_at(0.7).values())
    assert sum(int((p == 0).sum()) for p in between.parameters() if p.ndim == 2) >= gone
