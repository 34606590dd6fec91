"""Under equal scores the seeded tie-break decides."""

import numpy as np
from torch import nn

from leastloss.criteria import Ties
from leastloss.data import Data
from leastloss.pruning import prune
from leastloss.seeds import stream


def test_under_ties_the_seed_decides(networks: dict[str, nn.Module], data: Data) -> None:
    paths = [
        prune(networks["mlp"], data, Ties(), to_sparsity=0.5, steps=2, seed=seed, progress=False)
        for seed in (0, 1)
    ]
    assert paths[0].table()["ties_at_cut"].tolist()[1:] == [1.0, 1.0]
    assert not np.array_equal(paths[0].removal_order, paths[1].removal_order)
    whole = stream(0, "ties").random(len(paths[0].parts)).argsort()
    assert paths[0].removal_order.tolist() == whole[: len(paths[0].removal_order)].tolist()
