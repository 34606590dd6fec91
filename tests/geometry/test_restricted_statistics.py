"""Sets of features that shrink: by any score, and under a veto."""

import numpy as np
import pytest
import torch

from leastloss.errors import InputError
from leastloss.geometry import (
    ClassStatistics,
    Guarded,
    Rescored,
    Separation,
    class_statistics,
    cosine_rise,
    eliminate,
    fisher_ratio,
    nc1_change,
    restricted,
)


def features(seed: int = 0, d: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(36) % 3
    values = torch.randn(36, d, dtype=torch.float64, generator=generator)
    return values + labels[:, None] * torch.rand(d, generator=generator), labels


def statistics(seed: int = 0, d: int = 8) -> ClassStatistics:
    return class_statistics(*features(seed, d), keep_covariances=True)


def test_restricted_statistics_are_those_of_the_features_alone() -> None:
    values, labels = features()
    kept = torch.tensor([5, 0, 3])
    found = restricted(statistics(), kept)
    again = class_statistics(values[:, kept], labels, keep_covariances=True)
    for name in ("means", "mean", "within", "between", "covariances", "variances", "weights"):
        torch.testing.assert_close(getattr(found, name), getattr(again, name))
    plain = restricted(class_statistics(values, labels), kept)
    assert plain.covariances is None
    torch.testing.assert_close(plain.variances, again.variances)


def test_every_prefix_is_scored_from_what_is_left() -> None:
    found = statistics()
    order = eliminate([Rescored(found, nc1_change)], 8).tolist()
    kept = list(range(8))
    for unit in order:
        scores = nc1_change(restricted(found, torch.tensor(kept)))
        if torch.isfinite(scores).any():
            assert kept[int(scores.argmin())] == unit
        kept.remove(unit)
    assert kept == []


def test_sets_of_any_scale_keep_their_last_feature() -> None:
    large = Rescored(statistics(1, 3), lambda s: 1e9 * fisher_ratio(s))
    small = Rescored(statistics(2, 4), fisher_ratio)
    order = eliminate([large, small], 7).tolist()
    assert sorted(order) == list(range(7))
    assert {unit < 3 for unit in order[-2:]} == {True, False}
    assert large.remaining == small.remaining == 0
    assert torch.isnan(large.losses()).all()


def test_a_veto_comes_after_all_others_and_lasts_as_long_as_its_reason() -> None:
    found = statistics(3)
    guarded = Guarded(Separation(found), found, [0, 2], rise=0.03)
    vetoed = cosine_rise(found, [0, 2]) > 0.03
    assert 0 < int(vetoed.sum()) < 8
    losses = guarded.losses()
    np.testing.assert_allclose(losses, Separation(found).losses() + vetoed)
    first = eliminate([guarded], int((~vetoed).sum()))
    assert not vetoed[first[0]]
    assert guarded.remaining == int(vetoed.sum())
    left = torch.tensor([j for j in range(8) if j not in first.tolist()])
    again = cosine_rise(restricted(found, left), [0, 2]) > 0.03
    assert ((guarded.losses()[left] >= 1) == again).all()


def test_removing_twice_is_an_error() -> None:
    found = statistics()
    for part in (Rescored(found, fisher_ratio), Guarded(Separation(found), found, [0, 1], 0.1)):
        part.remove(2)
        with pytest.raises(InputError, match="feature 2 of 8"):
            part.remove(2)
        with pytest.raises(InputError, match="feature 8 of 8"):
            part.remove(8)
        assert part.remaining == 7
