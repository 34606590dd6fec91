"""Magnitude with a prior, against its two ends."""

from dataclasses import replace

import numpy as np
import pytest
from tests.criteria.cases import context_of
from torch import nn

from leastloss.criteria import MILS, Blend, Granularity, Magnitude
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.seeds import stream


@pytest.mark.parametrize("granularity", ["weight", "unit"])
@pytest.mark.parametrize("kind", ["mlp", "binarized-mlp"])
def test_the_ends_of_a_blend_are_magnitude_and_mils(
    kind: str, granularity: Granularity, networks: dict[str, nn.Module], data: Data
) -> None:
    context, parts, alive = context_of(networks[kind], data, granularity)
    for share, end in ((0.0, Magnitude()), (1.0, MILS(block=3))):
        flat, expected = (
            parts.flatten(criterion.score(context))[alive]
            for criterion in (Blend(share=share, block=3), end)
        )
        assert np.array_equal(np.unique(flat, return_inverse=True)[1],
                              np.unique(expected, return_inverse=True)[1])  # fmt: skip
        assert flat.min() >= 0
        assert 0.9 < flat.max() <= 1
    half = parts.flatten(Blend(share=0.5, block=3).score(context))[alive]
    ends = [parts.flatten(Blend(share=s, block=3).score(context))[alive] for s in (0.0, 1.0)]
    assert half == pytest.approx((ends[0] + ends[1]) / 2)


def test_chance_as_the_prior_is_drawn_from_the_stream(
    networks: dict[str, nn.Module], data: Data
) -> None:
    flats = []
    for seed in (0, 0, 1):
        context, parts, alive = context_of(networks["binarized-mlp"], data)
        context = replace(context, generator=stream(seed, "scores/blend"))
        flats.append(parts.flatten(Blend(prior="random", share=0.5).score(context))[alive])
        again = parts.flatten(Blend(prior="random", share=0.5).score(context))[alive]
        assert np.array_equal(flats[-1], again)  # one draw for all steps of a path
    assert np.array_equal(flats[0], flats[1])
    assert not np.array_equal(flats[0], flats[2])
    mils = parts.flatten(Blend(share=0.5).score(context))[alive]
    size = parts.flatten(Blend(share=0.0).score(context))[alive]
    drawn = 2 * flats[0] - size  # what is left of the ranks when magnitude's half is taken away
    assert sorted(drawn) == pytest.approx(np.linspace(0, 1, len(drawn)))
    assert not np.array_equal(flats[0], mils)


def test_mils_can_decide_among_equal_magnitudes_alone(
    networks: dict[str, nn.Module], data: Data
) -> None:
    context, parts, alive = context_of(networks["binarized-mlp"], data)
    flat, size, loss = (
        parts.flatten(criterion.score(context))[alive]
        for criterion in (Blend(tie_only=True, decimals=1), Magnitude(), MILS())
    )
    order = np.argsort(flat, kind="stable")
    rounded = size.round(1)[order]
    assert (np.diff(rounded) >= 0).all()
    same = np.diff(rounded) == 0
    assert (np.diff(loss[order])[same] >= 0).all()
    assert same.sum() > 100


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"share": 1.5}, "share is 1.5"), ({"decimals": -1}, "decimals is -1"),
     ({"prior": "oracle"}, "unknown prior 'oracle'"),
     ({"boundary": "wrap"}, "unknown boundary 'wrap'")],
)  # fmt: skip
def test_options_out_of_range_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Blend(**wrong)  # type: ignore[arg-type]  # wrong on purpose
