"""Random scores come from the context's generator alone, ties are broken by the seeded draw."""

from dataclasses import replace

import numpy as np
import pytest
from tests.criteria.cases import context, mlp
from torch import nn

from leastloss.criteria import Granularity, Random, Ties
from leastloss.data import Data
from leastloss.models import hidden_units
from leastloss.pruning import prune
from leastloss.seeds import stream


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


def test_under_ties_the_seed_decides(networks: dict[str, nn.Module], data: Data) -> None:
    paths = [
        prune(networks["mlp"], data, Ties(), to_sparsity=0.5, steps=2, seed=seed, progress=False)
        for seed in (0, 1)
    ]
    assert paths[0].table()["ties_at_cut"].tolist()[1:] == [1.0, 1.0]
    assert not np.array_equal(paths[0].removal_order, paths[1].removal_order)
    whole = stream(0, "ties").random(len(paths[0].parts)).argsort()
    assert paths[0].removal_order.tolist() == whole[: len(paths[0].removal_order)].tolist()
