import pytest
import torch
from torch import nn

from leastloss.errors import InputError
from leastloss.models import ResNet
from leastloss.optimizers import OPTIMIZERS, OneCycle, read_optimizer, schedule_for


def test_auto_is_what_the_network_is_usually_trained_by() -> None:
    assert read_optimizer("auto", nn.Linear(2, 2)) is None
    assert read_optimizer("auto", ResNet((1, 4, 4), 1, 2)) == OneCycle()
    assert read_optimizer("adam", ResNet((1, 4, 4), 1, 2)) is None
    assert set(OPTIMIZERS) == {"auto", "adam", "sgd"}


def test_options_of_sgd() -> None:
    cycle = read_optimizer("sgd:lr=0.05:epochs=60:momentum=0.8:weight_decay=0.001")
    assert cycle == OneCycle(lr=0.05, epochs=60, momentum=0.8, weight_decay=0.001)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("sdg", "unknown optimizer 'sdg'; did you mean 'sgd'"),
        ("sgd:rate=1", "unknown option 'rate'"),
        ("sgd:lr=0", "of sgd, lr must be above 0"),
        ("sgd:momentum=1", "momentum between 0 and 1"),
        ("sgd:epochs=0", "epochs=0 of sgd; it must be at least 1"),
        ("sgd:epochs=1.5", "epochs is '1.5'; it must be an integer"),
        ("adam:lr=1", "'adam' has no options; lr given"),
        ("auto:lr=1", "'auto' has no options; lr given"),
    ],
)
def test_what_is_no_optimizer(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_optimizer(spec)


def test_one_cycle_rises_and_falls_to_nothing_within_its_steps() -> None:
    plan = schedule_for("sgd:lr=0.1:epochs=5", nn.Linear(2, 2), lr=1.0, epochs=300, batches=4)
    assert plan.epochs == 5
    assert plan.by_epoch is None
    assert plan.by_batch is not None
    rates = []
    for _ in range(20):
        rates.append(plan.optimizer.param_groups[0]["lr"])
        plan.optimizer.step()
        plan.by_batch.step() if len(rates) < 20 else None
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 5
    assert rates[-1] < 1e-5
    short = schedule_for("sgd", nn.Linear(2, 2), lr=1.0, epochs=2, batches=4)
    assert short.epochs == 2


def test_adam_has_the_rate_of_the_training() -> None:
    plan = schedule_for("adam", nn.Linear(2, 2), lr=0.01, epochs=7, batches=4)
    assert isinstance(plan.optimizer, torch.optim.Adam)
    assert (plan.epochs, plan.by_batch) == (7, None)
    assert plan.optimizer.param_groups[0]["lr"] == 0.01
