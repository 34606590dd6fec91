import pytest

from leastloss.data import load_data
from leastloss.errors import InputError

MODULE = """
import numpy as np, torch
from torch.utils.data import DataLoader, TensorDataset
import leastloss as ll

x, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3

def arrays(): return x, y
def words(): return x, [("red", "green", "blue")[i] for i in y]
def tensors(): return torch.tensor(x), torch.tensor(y)
def dataset(): return TensorDataset(*tensors())
def loader(seed): return DataLoader(dataset(), batch_size=7, shuffle=True)
def texts():
    return DataLoader(list(zip(tensors()[0], words()[1])), batch_size=7, shuffle=True)
def three(): return (x, y), (x[:3] + 1, y[:3]), loader(0)
def data(seed):
    return ll.Data.from_tensors((x, y), minority=[2], class_names=["a", "b", "c"], seed=seed)
def needs(other): return arrays()
def fails(): raise ValueError("no\\nsuch file")
def nothing(): return None
def text(): return "x", "y"
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "my_own_data.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return "my_own_data"


def test_what_functions_return(own):
    first = load_data(f"{own}:arrays")
    for name in ("words", "tensors", "dataset", "loader"):
        assert load_data(f"{own}:{name}").train.x.equal(first.train.x) == (name != "words")
    words = load_data(f"{own}:words")
    assert words.class_names == ("blue", "green", "red")
    assert load_data(f"{own}:texts").train.digest() == words.train.digest()
    assert load_data(f"{own}:texts").class_names == words.class_names
    assert first.name == f"{own}:arrays"
    assert load_data(**first.recipe).summary() == first.summary()


@pytest.mark.filterwarnings("ignore:identical inputs")
def test_splits_that_a_function_returns(own):
    three = load_data(f"{own}:three")
    assert [len(part) for part in (three.train, three.val, three.test)] == [30, 3, 30]


def test_data_keep_their_splits_names_and_minority(own):
    data = load_data(f"./{own}.py:data", seed=3)
    assert (data.minority, data.class_names) == ((2,), ("a", "b", "c"))
    assert (len(data.train), data.name) == (18, f"{own}:data")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("needs", "my_own_data:needs needs other; a function may take size, seed, by name"),
        ("fails", "my_own_data:fails failed (ValueError: no such file)"),
        ("nothing", "my_own_data:nothing returned NoneType; it must return a Data, a pair"),
        ("text", "returned a pair of str and str"),
        ("aray", "unknown function in my_own_data 'aray'; did you mean 'arrays'?"),
    ],
)
def test_functions_that_do_not_work(own, name, words):
    with pytest.raises(InputError) as error:
        load_data(f"{own}:{name}")
    assert words in str(error.value)
