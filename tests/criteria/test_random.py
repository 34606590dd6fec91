"""Random scores come from the generator of the context alone."""

from dataclasses import replace

import numpy as np
import pytest
from tests.criteria.cases import context, mlp

from leastloss.criteria import Granularity, Random
from leastloss.models import hidden_units


@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_one_uniform_score_per_part(granularity: Granularity) -> None:
    case = context(mlp(), granularity)
    scores = Random().score(case)
    names = list(case.masks) if granularity == "weight" else list(hidden_units(case.model))
    assert list(scores) == names
    for name, score in scores.items():
        shape = tuple(case.masks[name].shape)
        assert score.shape == (shape if granularity == "weight" else shape[:1])
        assert ((score >= 0) & (score < 1)).all()


def test_the_seed_decides_and_weights_do_not() -> None:
    def scored(seed: int, factor: float) -> np.ndarray:
        model = mlp()
        for parameter in model.parameters():
            parameter.data *= factor
        case = replace(context(model), generator=np.random.default_rng(seed))
        return np.concatenate([score.ravel() for score in Random().score(case).values()])

    assert np.array_equal(scored(0, 1.0), scored(0, 3.0))
    assert not np.array_equal(scored(0, 1.0), scored(1, 1.0))
