"""No public function leaves a trace on a caller's network, nor on the caller's random numbers."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import leastloss as ll
from leastloss.data import Split
from leastloss.errors import InputError
from leastloss.evaluation import (
    layer_statistics,
    network_collapse,
    network_cost,
    predict,
    robustness_of,
    speed,
    with_weight_noise,
)
from leastloss.models.untouched import check_module, run_once_alike, untouched

X, LABELS = torch.rand(60, 8, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 3
DATA = ll.Data.from_tensors((X, LABELS))
SPLIT = Split(X, LABELS, 3, (2,))
PRUNE = {"sparsities": [0.5], "progress": False}
NOISE = {"corruptions": ["gaussian", "weight-noise"], "attacks": ["fgsm"], "severities": [1]}

FUNCTIONS: dict[str, Callable[[nn.Module], object]] = {
    "evaluate": lambda model: ll.evaluate(model, SPLIT),
    "predict": lambda model: predict(model, X),
    "robustness": lambda model: ll.robustness(model, SPLIT, **NOISE),
    "robustness_of": lambda model: robustness_of({"a": model}, SPLIT, **NOISE),
    "prune": lambda model: ll.prune(model, DATA, "nc", **PRUNE),
    "prune by angles": lambda model: ll.prune(
        model, DATA, "obs", recovery="finetune:epochs=1", **PRUNE
    ),
    "compact": ll.compact,
    "logit_adjusted": lambda model: ll.logit_adjusted(model, DATA),
    "network_collapse": lambda model: network_collapse(model, SPLIT),
    "layer_statistics": lambda model: layer_statistics(model, SPLIT, "last"),
    "network_cost": lambda model: network_cost(model, {}, X),
    "speed": lambda model: speed(model, model, X, seconds=1e-6),
    "with_weight_noise": lambda model: with_weight_noise(model, 1, 0),
}
REFUSED: dict[str, Callable[[nn.Module], object]] = {
    "evaluate": lambda model: ll.evaluate(model, Split(X, LABELS, 4, ())),
    "fit, other classes": lambda model: ll.fit(model, (X, torch.arange(60) % 4)),
    "fit, other features": lambda model: ll.fit(model, (X[:, :7], LABELS)),
    "fit, epochs": lambda model: ll.fit(model, DATA, epochs=0),
    "prune, other classes": lambda model: ll.prune(model, (X, torch.arange(60) % 4), **PRUNE),
    "prune, unknown": lambda model: ll.prune(model, DATA, "nc", recovery="nothing", **PRUNE),
    "prune, signs": lambda model: ll.prune(model, DATA, "flips", **PRUNE),
    "robustness": lambda model: ll.robustness(model, Split(X, LABELS, 4, ()), **NOISE),
    "logit_adjusted": lambda model: ll.logit_adjusted(model, (X, torch.arange(60) % 4)),
    "layer_statistics": lambda model: layer_statistics(model, SPLIT, "nobody"),
}


class Net(nn.Module):
    """Three features of a forward pass that leave traces: batches, random numbers, own state."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Linear(8, 6), nn.BatchNorm1d(6)
        self.drop, self.last = nn.Dropout(0.3), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.drop(self.norm(self.first(x.flatten(1))).relu()))


class Drawing(Net):
    """Draws from all global random numbers, in evaluation mode too."""

    def forward(self, x: Tensor) -> Tensor:
        noise = random.random() + np.random.rand()  # noqa: NPY002  # what a user may do
        return functional.dropout(super().forward(x), 0.1, training=True) + 1e-3 * noise


class Counting(Net):
    """Counts in a buffer, replaces another one, and bounds a weight in place."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("runs", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        self.first.weight.data = torch.renorm(self.first.weight.data, 2, 0, 0.1)
        with torch.no_grad():
            self.last.weight.clamp_(-0.1, 0.1)
        logits = super().forward(x)
        self.mean = 0.5 * self.mean + 0.5 * logits.detach().mean(0)
        return logits


class Failing(Net):
    """Fails on larger batches, when much has run."""

    def forward(self, x: Tensor) -> Tensor:
        logits = super().forward(x + torch.rand(8))
        if len(x) > 30:
            raise RuntimeError("out of order")
        return logits


def hooked() -> nn.Module:
    model = Net()
    model.first.register_forward_hook(lambda *seen: 0.5 * seen[-1] + 1e-3 * torch.rand(6))
    model.last.register_forward_pre_hook(lambda _, inputs: (inputs[0] * 2,))
    return model


def frozen() -> nn.Module:
    model = Net().requires_grad_(False)
    model.last.requires_grad_(True)
    return model


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "plain": Net,
    "drawing": Drawing,
    "counting": Counting,
    "failing": Failing,
    "hooked": hooked,
    "frozen": frozen,
    "half-way": lambda: Net().double(),
}


def lazy_norm() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 6), nn.LazyBatchNorm1d(), nn.ReLU(), nn.Linear(6, 3))


VALUELESS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "linear": (
        lambda: nn.Sequential(nn.LazyLinear(6), nn.ReLU(), nn.LazyLinear(3)),
        r"layer '0' is lazy and has no values yet \(weight\)",
    ),
    "norm": (lazy_norm, r"layer '1' is lazy and has no values yet \(weight\)"),
    "buffers": (
        lambda: nn.Sequential(nn.Linear(8, 6), nn.LazyBatchNorm1d(affine=False), nn.Linear(6, 3)),
        r"layer '1' is lazy and has no values yet \(running_mean\)",
    ),
    "meta": (
        lambda: nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3, device="meta")),
        r"layer '2' is on the device 'meta' and has no values \(weight\)",
    ),
    "meta buffers": (
        lambda: nn.Sequential(nn.Linear(8, 3), nn.BatchNorm1d(3, affine=False, device="meta")),
        r"layer '1' is on the device 'meta' and has no values \(running_mean\)",
    ),
    "the network": (lambda: nn.Linear(8, 3, device="meta"), "the network is on the device 'meta'"),
}


def ready(model: nn.Module) -> nn.Module:
    """In a mode of its own for each module, with gradients."""
    model.train()
    for number, module in enumerate(model.modules()):
        module.training = number % 3 != 1
    for number, parameter in enumerate(model.parameters()):
        if number % 2:
            parameter.grad = torch.ones_like(parameter)
    return model


def trace(model: nn.Module) -> list[Any]:
    """All that a run could leave its marks on."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return [
        [(name, id(value), value.requires_grad, value.is_inference()) for name, value in tensors],
        [value.tolist() for _, value in tensors],
        [(id(p.grad), None if p.grad is None else p.grad.tolist()) for p in model.parameters()],
        [module.training for module in model.modules()],
        [[*m._forward_hooks.values(), *m._forward_pre_hooks.values()] for m in model.modules()],
        [m._backward_hooks or m._backward_pre_hooks for m in model.modules()],
        [sorted(vars(module)) for module in model.modules()],
        torch.get_rng_state().tolist(),
        str(np.random.get_state()),  # noqa: NPY002
        random.getstate(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
    ]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_leaves_a_trace(function: str, network: str) -> None:
    model = ready(NETWORKS[network]())
    before = trace(model)
    # A head behind which something is drawn has no bias to adjust.
    meant = [InputError] if (function, network) == ("logit_adjusted", "drawing") else []
    with suppress(*meant, *[InputError, RuntimeError][: 2 * (network == "failing")]):
        FUNCTIONS[function](model)
    assert trace(model) == before


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("function", REFUSED)
def test_no_refusal_leaves_a_trace(function: str, network: str) -> None:
    model = ready(NETWORKS[network]())
    before = trace(model)
    with pytest.raises((InputError, RuntimeError)):
        REFUSED[function](model)
    assert trace(model) == before


@pytest.mark.parametrize("kind", VALUELESS)
@pytest.mark.parametrize("function", [*FUNCTIONS, "fit"])
def test_a_network_without_values_is_refused_in_one_line(function: str, kind: str) -> None:
    make, said = VALUELESS[kind]
    model, known = make(), torch.get_rng_state()
    run = FUNCTIONS.get(function, lambda model: ll.fit(model, DATA, epochs=1, progress=False))
    with pytest.raises(InputError, match=said) as caught:
        run(model)
    assert "\n" not in str(caught.value)
    assert torch.equal(known, torch.get_rng_state())
    with pytest.raises(InputError, match=said):
        check_module(model)  # still as it was


def test_a_lazy_network_trains_after_a_refusal() -> None:
    model = nn.Sequential(nn.LazyLinear(6), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(3))
    with pytest.raises(InputError, match="lazy"):
        ll.evaluate(model, SPLIT)
    with pytest.raises(InputError, match="lazy"):
        ll.fit(model, DATA)
    functional.cross_entropy(model(X), LABELS).backward()
    ll.fit(model, DATA, epochs=1, progress=False)
    assert ll.evaluate(model, SPLIT)["accuracy"] >= 0


@pytest.mark.parametrize("network", ["plain", "counting", "drawing"])
def test_fit_leaves_no_inference_tensor(network: str) -> None:
    model = NETWORKS[network]()
    ll.fit(model, DATA, epochs=1, progress=False)
    assert not any(value.is_inference() for value in model.state_dict().values())
    model.train()
    functional.cross_entropy(model(X), LABELS).backward()


def test_a_graph_that_is_yet_to_be_walked_stays_valid() -> None:
    model = Counting()
    loss = functional.cross_entropy(Net.forward(model, X), LABELS)
    ll.evaluate(Net(), SPLIT)
    with untouched(model):
        pass
    loss.backward()


def test_what_is_no_number_stays() -> None:
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, float("nan"))
    with untouched(layer):
        nn.init.zeros_(layer.weight)
    assert layer.weight.isnan().all()


def test_buffers_that_come_and_go_are_as_before() -> None:
    norm = nn.BatchNorm1d(2)
    with suppress(ZeroDivisionError), untouched(norm):
        norm.running_mean = None
        norm.register_buffer("other", torch.zeros(1))
        raise ZeroDivisionError
    assert list(norm.state_dict())[2:] == ["running_mean", "running_var", "num_batches_tracked"]
    assert norm.running_mean is not None


def test_an_exported_program_is_evaluated_and_not_trained() -> None:
    batch = torch.export.Dim("batch", min=2)
    exported = torch.export.export(Net().eval(), (X[:4],), dynamic_shapes=({0: batch},)).module()
    assert ll.evaluate(exported, SPLIT)["accuracy"] >= 0
    with pytest.raises(InputError, match=r"exported program.*can be evaluated and not trained"):
        ll.fit(exported, DATA, epochs=1)
    for refused in (lambda: ll.prune(exported, DATA, **PRUNE), lambda: ll.compact(exported)):
        with pytest.raises(InputError):
            refused()


def test_runs_draw_alike() -> None:
    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.rand_like(x)

    x = torch.rand(3, 4)
    assert torch.equal(run_once_alike(Noisy(), x), run_once_alike(Noisy(), x))
