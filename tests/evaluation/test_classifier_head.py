"""The affine map by which a network reads its last features."""

import pytest
import torch
from torch import nn

from leastloss.data import Data
from leastloss.evaluation import network_collapse
from leastloss.evaluation.classifier_head import head_of
from leastloss.models import BinarizedMLP


@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
def test_a_head_gives_the_logits_of_the_network(
    kind: str, networks: dict[str, nn.Module], data: Data
) -> None:
    head = head_of(networks[kind], data.train.x)
    assert head.weight is not None
    assert head.bias is not None
    with torch.no_grad():
        logits = networks[kind](data.train.x).double()
    torch.testing.assert_close(
        head.features.double() @ head.weight.T + head.bias, logits, rtol=1e-4, atol=1e-3
    )


def test_a_pruned_class_has_no_row_and_the_others_are_told_apart(
    networks: dict[str, nn.Module], data: Data
) -> None:
    model = BinarizedMLP(64, (12, 8), 10)
    model.load_state_dict(networks["binarized-mlp"].state_dict())
    last = model.layers[-2]
    last.mask[3] = 0
    head = head_of(model, data.train.x)
    assert head.weight is not None
    assert head.weight.any(dim=1).tolist() == [c != 3 for c in range(10)]
    assert 0 <= network_collapse(model, data.train)["nc4"] <= 1
