import copy
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from torch import nn

from leastloss.data import Data
from leastloss.pruning import (
    Chain,
    Finetune,
    Recovery,
    Repair,
    apply_masks,
    as_recovery,
    prune,
)


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
