"""The slope of the Fisher ratio against autograd."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.criteria.cases import (
    NETWORKS,
    SEEN,
    context,
    mlp,
    shares,
    split,
)
from torch import Tensor, nn

from leastloss.criteria import (
    SNIP,
    Criterion,
    FisherDiagonal,
    LDATaylor,
    Taylor,
)
from leastloss.criteria.lda_taylor import separation_slope, separation_terms
from leastloss.errors import InputError
from leastloss.geometry import class_statistics
from leastloss.models.layers import prunable_layers


def separation(features: Tensor, y: Tensor, gamma: float, *, balanced: bool, fixed: bool) -> Tensor:
    """J = tr(Q S_B), every step differentiable; ``fixed`` holds the ridge."""
    part = torch.bincount(y).double() / len(y)
    if balanced:
        part = torch.full_like(part, 1 / len(part))
    means = torch.stack([features[y == c].mean(dim=0) for c in range(len(part))])
    off = features - means[y]
    within = sum(p * off[y == c].T @ off[y == c] / int((y == c).sum()) for c, p in enumerate(part))
    centred = means - part @ means
    between = centred.T @ (part[:, None] * centred)
    ridge = gamma * within.trace() / len(within)
    eye = torch.eye(len(within), dtype=within.dtype)
    inverse = torch.linalg.inv(within + (ridge.detach() if fixed else ridge) * eye)
    return (inverse @ between).trace()


@pytest.mark.parametrize("balanced", [True, False])
def test_the_slope_of_the_separation_is_exact_with_and_without_the_ridge(balanced: bool) -> None:
    y = split().y
    h = torch.randn(len(y), 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    h = (h + y[:, None]).requires_grad_()
    found = class_statistics(h.detach(), y, balanced=balanced)
    terms = separation_terms(found, 0.3)
    counts = shares(split(), balanced=balanced)[:, None]
    slopes = [
        torch.autograd.grad(separation(h, y, 0.3, balanced=balanced, fixed=fixed), h)[0]
        for fixed in (False, True)
    ]
    torch.testing.assert_close(counts * separation_slope(terms, h.detach(), y), slopes[0])
    # The textbook form, without the part of the ridge, is the slope at a ridge that is held.
    inverse = torch.linalg.inv(found.within + 0.3 * found.within.trace() / 4 * torch.eye(4))
    held = (*terms[:2], inverse @ found.between @ inverse)
    torch.testing.assert_close(counts * separation_slope(held, h.detach(), y), slopes[1])
    assert not torch.allclose(slopes[0], slopes[1])


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("make", NETWORKS)
def test_lda_taylor_equals_autograd(make: Callable[[], nn.Module], balanced: bool) -> None:
    case = context(make())
    layers = prunable_layers(case.model)
    logits = case.model(case.train.x.double())
    j = separation(logits, case.train.y, 0.05, balanced=balanced, fixed=False)
    gradients = torch.autograd.grad(j, [layer.weight for layer in layers.values()])
    score = LDATaylor(gamma=0.05, balanced=balanced).score(case)
    for (name, layer), gradient in zip(layers.items(), gradients, strict=True):
        expected = (layer.weight.detach() * gradient).abs()
        np.testing.assert_allclose(score[name], expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("score", SEEN)
def test_features_that_collapsed_have_finite_scores(score: Callable[..., Criterion]) -> None:
    one = split((1, 1, 1))  # no scatter within any class
    scores = score().score(context(mlp(), train=one))
    assert all(np.isfinite(values).all() for values in scores.values())


@pytest.mark.parametrize("score", [Taylor, SNIP, FisherDiagonal])
def test_too_few_logits_are_named(score: Callable[..., Criterion]) -> None:
    small = nn.Sequential(nn.Flatten(), nn.Linear(32, 2).double())
    with pytest.raises(InputError, match="label 2 has no logit"):
        score().score(context(small))


def test_a_ridge_without_meaning_is_refused() -> None:
    for gamma in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(InputError, match="gamma is"):
            LDATaylor(gamma=gamma)
