import lzma

import numpy as np
import pytest
import torch

from leastloss.errors import InputError
from leastloss.evaluation import description_length
from leastloss.evaluation.description import compressed_bytes, mask_sign_bits
from leastloss.information.complexity import bdm, block_entropy


def ternary(shape, zeros=0.5, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.choice([-1, 1], shape) * (rng.random(shape) >= zeros)).astype(np.int8)


def test_the_blocks_of_all_planes_and_layers_are_counted_together():
    layers = {"a": ternary((16, 24)), "b": ternary((10, 16), seed=1)}
    planes = [layer == sign for layer in layers.values() for sign in (1, -1)]
    found = description_length(layers)
    assert found["bdm_bits"] == pytest.approx(bdm(planes, boundary="periodic"))
    assert found["block_entropy"] == pytest.approx(block_entropy(planes, boundary="periodic"))


def test_constant_weights_are_two_repeated_blocks():
    # 16 x 16 and, 10 rows wrapped to 12, 3 x 16 blocks: 304 of ones and as many of zeros.
    found = description_length({"first": np.ones((64, 64)), "last": np.ones((10, 64))})
    assert found["bdm_bits"] == pytest.approx(2 * (22.0067 + np.log2(304)), abs=1e-3)
    assert found["block_entropy"] == pytest.approx(1)


def test_mask_and_signs_by_hand():
    # One of two columns and a sign; one of two rows and a sign.
    found = description_length({"a": [[1, 0]], "b": [[0], [-1]]})
    assert found["mask_sign_bits"] == pytest.approx(4, abs=1e-12)
    assert mask_sign_bits(np.zeros((3, 7), dtype=bool)) == 0  # only one such layer, and no sign
    assert mask_sign_bits(np.ones((3, 7), dtype=bool)) == pytest.approx(21)
    corners = np.ones((3, 4), dtype=bool)
    corners[0, 0] = corners[2, 3] = False
    assert mask_sign_bits(corners) == pytest.approx(np.log2(66) + 10, abs=1e-12)
    large = mask_sign_bits(np.random.default_rng(0).random((3000, 3000)) < 0.1)
    entropy = -(0.1 * np.log2(0.1) + 0.9 * np.log2(0.9))  # per weight near that, and the signs
    assert large / 9e6 == pytest.approx(entropy + 0.1, abs=1e-3)


def test_a_removed_unit_costs_no_mask():
    layers = {"a": ternary((32, 100), zeros=0), "b": ternary((10, 32), zeros=0, seed=1)}
    layers["a"][:16] = 0
    layers["b"][:, :16] = 0
    bits = 2 * np.log2(601080390) + 16 * 110  # which 16 of 32, in both layers, and the signs
    assert description_length(layers)["mask_sign_bits"] == pytest.approx(bits)


def test_a_dense_network_costs_a_bit_a_weight():
    layers = {"a": ternary((64, 100), zeros=0), "b": ternary((64, 64), zeros=0, seed=1)}
    found = description_length(layers)
    assert found["mask_sign_bits"] == pytest.approx(64 * 164)
    assert 64 * 164 / 8 <= found["compressed_bytes"] < 1.05 * 64 * 164 / 8


def test_compressors_see_where_the_kept_weights_are():
    weights = ternary((32, 32), zeros=0.9)
    ordered = np.sort(weights, axis=None).reshape(32, 32)
    scattered, sorted_ = (description_length({"a": each}) for each in (weights, ordered))
    assert scattered["lzma_bytes"] > sorted_["lzma_bytes"]
    assert scattered["zlib_bytes"] > sorted_["zlib_bytes"]


def test_compressed_is_the_smaller_of_the_two():
    smaller = set()
    for zeros in (0.5, 0.95, 1.0):
        found = description_length({"a": ternary((512, 256), zeros)})
        assert found["compressed_bytes"] == min(found["lzma_bytes"], found["zlib_bytes"])
        smaller.add("lzma" if found["lzma_bytes"] < found["zlib_bytes"] else "zlib")
    assert smaller == {"lzma", "zlib"}


def test_all_tell_order_from_noise():
    ordered = description_length({"layer": np.kron(np.eye(8), np.ones((8, 8)))})
    random = description_length({"layer": ternary((64, 64))})
    assert all(ordered[name] < random[name] for name in ordered)


def test_every_weight_counts_also_beyond_the_last_whole_block():
    weights = np.zeros((10, 16), dtype=np.int8)
    empty = description_length({"last": weights})["bdm_bits"]
    weights[9, 3] = 1
    assert description_length({"last": weights})["bdm_bits"] > empty


def test_a_layer_smaller_than_a_block_is_described():
    assert description_length({"tiny": np.array([[1, -1], [0, 1]])})["bdm_bits"] > 0


def test_convolutions_are_read_as_matrices():
    weights = ternary((8, 3, 4, 4))
    flat = description_length({"conv": weights.reshape(8, -1)})
    assert description_length({"conv": weights}) == flat


def test_compressed_size_is_near_the_entropy_and_never_far_above_the_raw_size():
    rng = np.random.default_rng(0)
    dense = [rng.choice([-1, 1], (256, 256))]
    assert max(compressed_bytes(dense)) <= 256 * 256 / 8 + 64
    sparse = [(rng.random((512, 512)) < 0.02).astype(np.int8)]  # signs of one kind cost nothing
    bits = -(0.02 * np.log2(0.02) + 0.98 * np.log2(0.98)) * 512 * 512
    assert bits / 8 < min(compressed_bytes(sparse)) < 1.4 * bits / 8
    packed = np.packbits(sparse[0]).tobytes()
    assert min(compressed_bytes(sparse)) < 1.1 * len(lzma.compress(packed, preset=9))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({}, "at least 1"),
        ([np.ones((4, 4))], "a mapping of at least 1 layer"),
        ({"a": torch.ones(4, 4, requires_grad=True)}, "layer 'a' is no array: .*detach"),
        ({"a": np.array([[0.5, 1]])}, "-1, 0 and"),
        ({"bias": np.ones(4)}, "two dimensions"),
        ({"a": np.ones((0, 4))}, "none 0"),
    ],
)
def test_bad_input(layers, message):
    with pytest.raises(InputError, match=message):
        description_length(layers)
