"""Data, masks and repairs for the tests of recoveries."""

import copy

import torch
from tests.criteria.cases import split
from torch import nn

from leastloss.data import Data, Split
from leastloss.models.layers import Masks
from leastloss.pruning import (
    Recovery,
    apply_masks,
    full_masks,
)
from leastloss.pruning.recovery.compensate import Compensate


def data_of(train: Split) -> Data:
    return Data("made up", train, train, train, {})


def drawn_masks(model: nn.Module, share: float = 0.4, seed: int = 0) -> Masks:
    generator = torch.Generator().manual_seed(seed)
    return {n: m & (torch.rand(m.shape, generator=generator) > share)
            for n, m in full_masks(model).items()}  # fmt: skip


def repaired(
    dense: nn.Module, masks: Masks, recovery: Recovery | None = None, train: Split | None = None
) -> nn.Module:
    model = copy.deepcopy(dense)
    apply_masks(model, masks)
    recovery = Compensate() if recovery is None else recovery
    recovery.begin(dense, data_of(split() if train is None else train), 0)(model, masks)
    return model


def halved(model: nn.Module) -> tuple[nn.Module, Masks]:
    model = copy.deepcopy(model)
    masks = full_masks(model)
    for mask in masks.values():
        mask[:, ::2] = False
    apply_masks(model, masks)
    return model, masks
