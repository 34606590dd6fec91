"""A caller's own tensors: of any type and layout, and as three splits."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from tests.data import cases

from leastloss.data import Data
from leastloss.data._tensors import as_tensors
from leastloss.errors import InputError

X = np.arange(12, dtype=np.float32).reshape(4, 3)
Y = np.array([0, 1, 0, 1])


def masked(values, mask):
    return np.ma.MaskedArray(values, mask)


def frozen(values):
    array = np.array(values)
    array.flags.writeable = False
    return array


SAME = {
    "negative strides": (X[::-1].copy()[::-1], Y[::-1].copy()[::-1]),
    "every other column": (np.repeat(X, 2, axis=1)[:, ::2], np.repeat(Y, 2)[::2]),
    "Fortran order": (np.asfortranarray(X), Y),
    "big-endian": (X.astype(">f4"), Y.astype(">i8")),
    "little-endian": (X.astype("<f8"), Y.astype("<i2")),
    "half": (X.astype(np.float16), Y.astype(np.int8)),
    "long double": (X.astype(np.longdouble), Y),
    "unsigned": (X.astype(np.uint16), Y.astype(np.uint64)),
    "unsigned 32": (X.astype(">u4"), Y.astype(np.uint32)),
    "booleans": (X, Y.astype(bool)),
    "masked nowhere": (masked(X, False), masked(Y, [False] * 4)),
    "matrix": (np.asmatrix(X), Y),
    "read-only": (frozen(X), frozen(Y)),
    "sparse": (torch.tensor(X).to_sparse(), torch.tensor(Y).to_sparse()),
    "sparse rows": (torch.tensor(X).to_sparse_csr(), torch.tensor(Y)),
    "strides of a tensor": (torch.tensor(X.T.copy()).T, torch.tensor(np.repeat(Y, 2))[::2]),
    "bfloat16": (torch.tensor(X).bfloat16(), torch.tensor(Y).int()),
    "torch's unsigned": (torch.tensor(X.astype(np.uint16)), torch.tensor(Y.astype(np.uint16))),
    "a parameter": (torch.nn.Parameter(torch.tensor(X)), torch.tensor(Y)),
    "a negated view": (torch.complex(torch.tensor(X), -torch.tensor(X)).conj().imag, Y),
}


@pytest.mark.parametrize("kind", SAME)
def test_types_and_layouts_that_hold_the_same_numbers(kind):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The given NumPy array is not writable")
        x, y = as_tensors(SAME[kind], "train")
    assert type(x) is type(y) is torch.Tensor
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert torch.equal(x, torch.tensor(X))
    assert torch.equal(y, torch.tensor(Y))
    x.numpy(), y.numpy()


def test_bytes_are_divided_by_255_in_any_layout():
    x = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for same in (x.T, x.T.copy(), torch.tensor(x.T), torch.tensor(x.T).to_sparse()):
        assert torch.equal(as_tensors((same, Y), "train")[0], torch.tensor(x.T.copy()) / 255)


REFUSED = {
    "text": (X.astype(str), Y, "inputs of train are <U32; they must be real numbers"),
    "objects": (X.astype(object), Y, "inputs of train are object"),
    "complex": (X.astype(complex), Y, "inputs of train are complex128"),
    "complex tensor": (torch.tensor(X).to(torch.complex64), Y, "inputs of train are torch.complex"),
    "dates": (X.astype("datetime64[s]"), Y, r"inputs of train are datetime64\[s\]"),
    "spans": (X.astype("timedelta64[s]"), Y, r"inputs of train are timedelta64\[s\]"),
    "records": (np.zeros(4, "f4,i4"), Y, "inputs of train are"),
    "masked": (masked(X, X > 10), Y, "inputs of train are masked in places"),
    "meta": (torch.empty(4, 3, device="meta"), Y, "inputs of train are on no device"),
    "quantized": (torch.quantize_per_tensor(torch.tensor(X), 1, 0, torch.qint8), Y, "quantized"),
    "nested": (torch.nested.nested_tensor([torch.ones(3)] * 4), Y, "nested"),
    "too large": (X.astype(np.float64) * 1e300, Y, "NaN or infinite values"),
    "a number": (np.array(1.0), Y, r"shape \(\)"),
    "string labels": (X, np.array(list("abab")), "labels of train are <U1; they must be integers"),
    "object labels": (X, Y.astype(object), "labels of train are object; they must be integers"),
    "float labels": (X, Y.astype(">f4"), "labels of train are torch.float32"),
    "complex labels": (X, Y.astype(complex), "labels of train are complex128"),
    "masked labels": (X, masked(Y, Y > 0), "labels of train are masked"),
    "a single label": (X, np.array(1), r"labels of shape \(\)"),
    "huge labels": (X, np.array([0, 1, 0, 2**63], np.uint64), "must stay below 2.63"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_types_that_are_no_inputs_or_labels(kind):
    x, y, words = REFUSED[kind]
    with pytest.raises(InputError, match=words) as caught:
        as_tensors((x, y), "train")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@given(data=st.data())
def test_whatever_numpy_holds_is_taken_or_refused_in_one_line(data):
    shapes = nps.array_shapes(min_dims=0, max_dims=3, max_side=4)
    kinds = st.one_of(
        nps.scalar_dtypes(),
        nps.byte_string_dtypes(max_len=3),
        nps.unicode_string_dtypes(max_len=3),
        st.just(np.dtype(object)),
    )

    def arrays(shape):
        return kinds.flatmap(
            lambda kind: nps.arrays(
                kind, shape, **{"elements": st.none()} if kind.hasobject else {}
            )
        )

    x, y = data.draw(shapes.flatmap(arrays)), data.draw(shapes.flatmap(arrays))
    if x.ndim:
        x = x[:: data.draw(st.sampled_from([1, -1, 2]))]
    said = ""
    try:
        found, labels = as_tensors((x, y), "train")
    except InputError as error:
        said = str(error)
    assert "\n" not in said
    assert said or (found.isfinite().all() and len(found) == len(labels))


def test_a_data_set_of_odd_layouts_equals_the_plain_one():
    x, y = np.random.default_rng(0).random((40, 3), np.float32), np.arange(40) % 2
    plain = Data.from_tensors((x, y))
    odd = Data.from_tensors((x[::-1].copy()[::-1].astype(">f4"), y.astype(">i4")))
    assert odd.summary() == plain.summary()


def test_one_pair_is_split_60_20_20_and_nothing_is_lost():
    data = Data.from_tensors(cases.pair())
    assert [len(split) for split in (data.train, data.val, data.test)] == [30, 10, 10]
    assert cases.rows(data.train, data.val, data.test) == sorted(cases.pair()[0].tolist())
    assert data.train.counts().tolist() == [6] * 5
    assert (data.name, data.classes, data.shape, data.features) == ("custom", 5, (4,), 4)


def test_given_splits_stay_as_they_are():
    data = Data.from_tensors(cases.pair(), val=cases.pair(10), test=cases.pair(15))
    assert torch.equal(data.train.x, cases.pair()[0])
    assert (len(data.val), len(data.test)) == (10, 15)


def test_only_the_missing_split_is_cut_from_train():
    data = Data.from_tensors(cases.pair(), test=cases.pair(15))
    assert [len(split) for split in (data.train, data.val, data.test)] == [40, 10, 15]


def test_every_class_keeps_a_training_sample():
    y = torch.tensor([0] * 30 + [1] * 4 + [2])
    data = Data.from_tensors((torch.zeros(35, 2), y))
    assert data.train.counts().min() >= 1
    assert data.minority == (2,)


def test_the_split_follows_the_seed():
    digests = [Data.from_tensors(cases.pair(), seed=seed).train.digest() for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("train", "options", "words"),
    [
        ((cases.X[:10], cases.Y), {}, r"inputs of shape \(10, 4\) and labels of shape \(20,\)"),
        (
            (cases.X, cases.Y.float()),
            {},
            "labels of train are torch.float32; they must be integers",
        ),
        ((cases.X, torch.nn.functional.one_hot(cases.Y)), {}, "must be .n, .... and .n,."),
        ((cases.X[:0], cases.Y[:0]), {}, "train is empty"),
        ((cases.X / 0, cases.Y), {}, "hold NaN or infinite values"),
        ((cases.X.where(cases.X > 0, torch.inf), cases.Y), {}, "hold NaN or infinite values"),
        ((cases.X, cases.Y), {"classes": 1}, "classes is 1; it must be an integer >= 2"),
        ((cases.X, cases.Y + 1), {}, "class 0 has no training sample"),
        ((cases.X, cases.Y), {"classes": 3}, "class 2 has no training sample"),
        ((cases.X, cases.Y * 10**12), {}, "need at least as many training samples"),
        ((cases.X, cases.Y - 1), {"classes": 2}, r"label -1 is outside the classes 0\.\.1"),
        (
            (cases.X, cases.Y),
            {"test": (cases.X, cases.Y * 5), "classes": 2},
            r"label 5 is outside the classes 0\.\.1",
        ),
        ((cases.X, cases.Y), {"test": (cases.X[:, :2], cases.Y)}, "must be the same"),
        ((cases.X, cases.Y), {"val": (cases.X[:0], cases.Y[:0])}, "val is empty"),
        (
            (cases.X, cases.Y),
            {"minority": [2]},
            r"a class in minority is 2; it must be an integer in 0\.\.1",
        ),
        ((cases.X, cases.Y), {"minority": []}, "at least one class"),
        ((cases.X[:2], cases.Y[:2]), {}, "too few to hold out"),
        ((cases.X.tolist(), cases.Y), {}, "train holds list and Tensor; .* tensors or arrays"),
        (cases.X, {}, "train must be a pair"),
        ((cases.X.to(torch.complex64), cases.Y), {}, "must be real numbers"),
    ],
)
def test_tensors_that_do_not_fit(train, options, words):
    with pytest.raises(InputError, match=words) as caught:
        Data.from_tensors(train, **options)
    assert "\n" not in str(caught.value)
