"""Post-hoc logit adjustment: the closed form, and once along a whole path."""

import copy
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from torch import nn

import leastloss as ll
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.losses import log_priors
from leastloss.models.layers import Masks
from leastloss.pruning import Adjust, Chain, Recovery, Repair, apply_masks, prune


@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
@pytest.mark.parametrize("tau", [1.0, 0.5])
def test_logits_lose_tau_log_priors(
    kind: str, tau: float, networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks[kind]
    before = copy.deepcopy(model.state_dict())
    adjusted = ll.logit_adjusted(model, data, tau)
    with torch.no_grad():
        moved = adjusted(data.test.x) - model(data.test.x)
    expected = -tau * log_priors(data.train).float()
    assert torch.allclose(moved, expected.expand_as(moved), atol=1e-4)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    rare = [ll.evaluate(one, data.test)["minority_recall"] for one in (model, adjusted)]
    assert rare[1] > rare[0]


def test_a_user_s_chain_with_a_convolution_head(data: Data) -> None:
    model = nn.Sequential(nn.Conv2d(1, 10, 8), nn.Flatten())
    with torch.no_grad():
        model[0].weight.zero_()
    # Flatten alone follows the head: its output is the head's, in another shape.
    with pytest.raises(InputError, match="do not come straight from a layer with a bias"):
        ll.logit_adjusted(model, data)


def test_no_bias_to_shift(data: Data) -> None:
    with pytest.raises(InputError, match="none to shift"):
        ll.logit_adjusted(ll.MLP(64, (8,), 10, bias=False), data)


@pytest.mark.parametrize("schedule", ["iterative", "one-shot"])
def test_every_step_is_adjusted_once(
    schedule: str, networks: dict[str, nn.Module], data: Data
) -> None:
    model = networks["mlp"]
    path = prune(
        model,
        data,
        "magnitude",
        schedule=schedule,
        sparsities=[0.3, 0.6],
        substeps=2,
        recovery="adjust:tau=0.7",
        progress=False,
    )
    for row in path.table().to_dict("records"):
        plain = copy.deepcopy(model)
        apply_masks(plain, path.masks_at(row["sparsity"]))
        expected = ll.evaluate(ll.logit_adjusted(plain, data, 0.7), data.test)
        assert row["loss"] == pytest.approx(expected["loss"], rel=1e-6)
        assert row["minority_recall"] == expected["minority_recall"]


@dataclass(frozen=True, kw_only=True)
class Reset(Recovery):
    """Sets all biases anew, as a least-squares repair does."""

    memoryless: ClassVar[bool] = True

    def begin(self, dense: nn.Module, data: Data, seed: int) -> Repair:
        def repair(model: nn.Module, masks: Masks) -> None:
            state = {k: v for k, v in dense.state_dict().items() if k.endswith("bias")}
            model.load_state_dict(state, strict=False)

        return repair


def test_what_another_repair_sets_anew_is_adjusted_anew(
    networks: dict[str, nn.Module], data: Data
) -> None:
    chain = Chain(links=(Reset(), Adjust()))
    options = {"steps": 3, "progress": False}
    twice = prune(networks["mlp"], data, "magnitude", recovery=chain, **options)  # type: ignore[arg-type]  # options of several types
    once = prune(networks["mlp"], data, "magnitude", recovery="adjust", **options)  # type: ignore[arg-type]  # likewise
    assert twice.table()["loss"].tolist() == pytest.approx(once.table()["loss"].tolist())
