import numpy as np
import pytest
import torch

from leastloss.errors import InputError
from leastloss.seeds import stream, torch_stream


def test_the_bits_are_the_same_on_every_machine_and_day():
    assert stream(0, "split").integers(0, 1000, 4).tolist() == [780, 308, 327, 289]
    assert torch.randint(0, 1000, (4,), generator=torch_stream(0, "split")).tolist() == [
        723,
        253,
        598,
        897,
    ]


def test_streams_differ_by_seed_and_by_label():
    firsts = {
        int(stream(seed, label).integers(0, 2**63))
        for seed in (0, 1, 2**32, 2**64)
        for label in ("split", "subset/0", "subset/1", "")
    }
    assert len(firsts) == 16


def test_streams_are_uncorrelated():
    a, b = stream(0, "a").normal(size=20_000), stream(0, "b").normal(size=20_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(20_000)


def test_the_global_generators_are_left_alone():
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    stream(3, "x").random(10)
    torch.rand(10, generator=torch_stream(3, "x"))
    assert torch.equal(torch_before, torch.get_rng_state())
    assert (numpy_before == np.random.get_state()[1]).all()  # noqa: NPY002


def test_a_numpy_integer_is_the_same_seed():
    assert stream(np.int64(5), "x").random() == stream(5, "x").random()


@pytest.mark.parametrize("seed", [-1, 1.0, "0", True, None])
@pytest.mark.parametrize("make", [stream, torch_stream])
def test_seeds_that_are_none(make, seed):
    with pytest.raises(InputError, match=r"^seed is .*; it must be an integer >= 0$"):
        make(seed, "x")
