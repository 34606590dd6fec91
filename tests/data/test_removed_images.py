"""What imbalance takes away is remembered, and read only if somebody looks."""

import pickle

import pytest
import torch

from leastloss.data import DATASETS, Data, load_data


def rows(x: torch.Tensor) -> list[tuple[float, ...]]:
    return sorted(map(tuple, x.flatten(1).tolist()))


@pytest.mark.parametrize(
    "options",
    [
        {"imbalance": "exp", "ratio": 20},
        {"imbalance": "named", "rare": (1, 2), "share": 0.1, "size": 10},
        {"imbalance": "step", "ratio": 5, "subset": 0.5, "replicate": 1, "seed": 4},
    ],
)
def test_training_and_withheld_images_are_all_there_was(options: dict[str, object]) -> None:
    plain = {key: options[key] for key in ("size", "subset", "replicate", "seed") if key in options}
    data, whole = load_data(**options), load_data(**plain)
    assert data.withheld is not None
    cut = data.withheld.split
    assert rows(torch.cat([data.train.x, cut.x])) == rows(whole.train.x)
    assert (data.train.counts() + cut.counts()).tolist() == whole.train.counts().tolist()
    assert (cut.classes, cut.minority) == (data.classes, data.minority)
    assert cut.x.dtype == torch.float32


def test_without_imbalance_nothing_is_withheld() -> None:
    assert load_data().withheld is None
    assert Data.from_tensors((torch.rand(20, 3), torch.arange(20) % 2)).withheld is None


def test_images_are_read_once_and_only_when_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    read, calls = DATASETS["digits"], []
    monkeypatch.setitem(DATASETS, "digits", lambda *given: calls.append(given) or read(*given))
    data = load_data(imbalance="exp")
    assert len(calls) == 1
    assert data.withheld is not None
    assert data.withheld.split is data.withheld.split
    assert len(calls) == 2
    assert calls[1][1] is False, "no download on the way"


def test_data_that_withholds_can_be_sent_to_another_process() -> None:
    data = load_data(imbalance="exp")
    again = pickle.loads(pickle.dumps(data))
    assert len(pickle.dumps(data.withheld)) < 20_000  # numbers of rows, no images
    assert again.withheld.split.digest() == data.withheld.split.digest()


def test_the_summary_does_not_tell_of_it() -> None:
    assert set(load_data(imbalance="exp").summary()) == {
        "name", "shape", "classes", "minority", "duplicates", "train", "val", "test",
    }  # fmt: skip
