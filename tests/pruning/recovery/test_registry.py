"""Recoveries by their specs."""

import pytest
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning import (
    Chain,
    Finetune,
    NoRecovery,
    Recalibrate,
    as_recovery,
    prune,
    recovery_for,
)


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
