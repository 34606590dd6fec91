"""One label a pixel, or other position: what is counted, what is drawn, what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.data.map_cases import scenes

from leastloss.data import Data, Split, as_data, load_data
from leastloss.data.label_maps import IGNORED, at_labels, drawn, labelled, marked, read_at
from leastloss.data.split import at_most, standing
from leastloss.errors import InputError


def small() -> Split:
    y = torch.tensor([[[0, 0], [1, IGNORED]], [[0, 0], [0, 0]], [[2, 1], [0, 0]]])
    return Split(torch.rand(3, 1, 2, 2), y, 3, (2,))


def test_a_split_counts_positions_that_have_a_label() -> None:
    split = small()
    assert len(split) == 3
    assert split.counts().tolist() == [8, 2, 1]
    assert split.labels.tolist() == [0, 0, 1, 0, 0, 0, 0, 2, 1, 0, 0]
    assert split.strata.tolist() == [1, 0, 2]
    assert split.spread(torch.tensor([1.0, 2.0, 3.0])).tolist() == [1] * 3 + [2] * 4 + [3] * 4
    assert split.summed(torch.ones(11)).tolist() == [3, 4, 4]


def test_rows_are_those_of_torchs_own_loss() -> None:
    split, logits = small(), torch.randn(3, 3, 2, 2)
    ours = torch.nn.functional.cross_entropy(split.rows(logits), split.labels)
    assert torch.isclose(ours, torch.nn.functional.cross_entropy(logits, split.y))


def test_sums_of_samples_make_no_map_for_each_label(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a map for each label")

    for name in ("leastloss.data.label_maps.apart", "leastloss.data.split.apart"):
        monkeypatch.setattr(name, refused, raising=False)
    assert small().spread(torch.arange(3)).tolist() == [0] * 3 + [1] * 4 + [2] * 4
    assert small().summed(torch.ones(11)).tolist() == [3, 4, 4]
    assert read_at(torch.rand(3, 5), small().y, channels_last=True).shape == (11, 5)


def test_places_in_one_row_are_read_where_labels_are() -> None:
    maps, tokens = torch.rand(3, 5, 2, 2), small().y
    expected = at_labels(maps, tokens)
    row = maps.flatten(2)
    for values, last in ((row, False), (row.movedim(1, -1), True)):
        rows = read_at(values, tokens, channels_last=last)
        assert rows is not None
        assert torch.equal(rows, expected)
    assert read_at(row[..., :3], tokens, channels_last=False) is None
    assert read_at(maps[:, :, :1], tokens.flatten(1), channels_last=False) is None


def test_labels_of_samples_stay_as_they_are() -> None:
    split = Split(torch.rand(4, 2), torch.tensor([0, 1, 1, 0]), 2, (1,))
    logits = torch.rand(4, 2)
    assert split.labels is split.y
    assert split.rows(logits) is logits
    assert marked(torch.tensor([255, 0])).tolist() == [255, 0]


def test_a_draw_of_positions_is_bounded_by_class_and_stands_for_all() -> None:
    x, y = scenes()
    split = as_data((x, y)).train
    some = at_most(split, 10)
    assert some.counts().tolist() == [10, 10, 10]
    assert len(some) <= 30
    assert at_most(split, 10) is some
    assert torch.equal(some.y, at_most(as_data((x, y)).train, 10).y)
    shares = standing(split, some, torch.full((3,), 1 / len(split.labels)).double())
    assert torch.isclose((shares * 10).sum(), torch.tensor(1.0).double())
    assert at_most(split, 10**6) is split


def test_hidden_maps_of_another_size_are_read_at_the_nearest_place() -> None:
    coarse = torch.arange(4.0).reshape(1, 1, 2, 2)
    y = torch.full((1, 4, 4), IGNORED)
    y[0, 0, 1], y[0, 3, 0], y[0, 3, 3] = 1, 0, 1
    assert at_labels(coarse, y).flatten().tolist() == [0, 2, 3]


def test_a_draw_keeps_what_is_rare() -> None:
    y = torch.tensor([[0, 0, 0, 1], [0, 0, 0, 0]])
    kept = drawn(y, 2, 2, torch.Generator().manual_seed(0))
    assert [(kept == label).sum().item() for label in (0, 1)] == [2, 1]


@pytest.mark.parametrize("void", [255, -1, -100])
def test_no_label_may_be_written_in_several_ways(void: int) -> None:
    data = as_data(scenes(void=void))
    assert data.classes == 3
    assert data.minority == (2,)
    assert int((data.train.y == IGNORED).sum()) == len(data.train)


def test_every_part_has_samples_of_the_rare_classes() -> None:
    data = as_data(scenes())
    assert [len(part) for part in (data.train, data.val, data.test)] == [24, 8, 8]
    assert all(part.counts().all() for part in (data.train, data.val, data.test))


def test_sequences_may_have_a_label_for_each_step() -> None:
    tokens, tags = torch.randint(0, 9, (30, 5)), torch.arange(150).reshape(30, 5) % 3
    assert as_data((tokens, tags)).train.counts().sum() == 18 * 5
    assert as_data((torch.rand(30, 4, 5), tags)).classes == 3  # channels, then steps
    assert as_data((torch.rand(30, 5, 4), tags)).classes == 3  # steps, then channels


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (torch.rand(6, 1, 4, 4), torch.zeros(6, 3, 3).long(), "one label for each position"),
        (torch.rand(6, 1, 4, 4), torch.zeros(6, 1, 4, 4).long(), r"\(n, C, H, W\) and \(n, H, W\)"),
        (torch.rand(6, 3, 8, 8), torch.eye(3).repeat(2, 1).long(), "not one-hot"),
        (torch.rand(6, 3, 8, 8), torch.arange(18).view(6, 3) % 3, "one label for each position"),
        (torch.rand(6, 3, 5), torch.eye(3).repeat(2, 1).long(), "not one-hot"),
        (torch.rand(6, 1, 8, 8), torch.tensor([[0], [1]] * 3), "one label for each position"),
        (torch.rand(6, 1, 5), torch.tensor([[0], [1]] * 3), "one label for each position"),
        (torch.rand(6, 3), torch.eye(3).repeat(2, 1).long(), "not one-hot"),
        (torch.rand(2, 1, 2), torch.tensor([[0, 1], [255, -1]]), "sample 1 has no label"),
        (torch.rand(6, 1, 2), torch.tensor([[0, 2]] * 6), "class 1 has no training sample"),
    ],
)
def test_what_does_not_fit_is_refused(x: torch.Tensor, y: torch.Tensor, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Data.from_tensors((x, y))


def test_255_is_a_class_where_there_are_classes_above(tmp_path: Path) -> None:
    x, y = torch.rand(8, 1, 10, 30), torch.arange(300).view(1, 10, 30).repeat(8, 1, 1)
    val = y.clone()
    val[val > 255] = 255  # of all parts it is said by any one
    data = Data.from_tensors((x, y), val=(x + 1, val))
    assert data.classes == 300
    assert data.val.counts()[255] == 45 * 8
    np.savez(tmp_path / "a.npz", x=x.numpy(), y=y.numpy().astype(np.int16))
    data = load_data(str(tmp_path / "a.npz"))
    assert data.classes == 300
    assert data.train.counts().min() == len(data.train)


def test_a_part_of_maps_may_look_like_one_hot_labels() -> None:
    split = Split(
        torch.rand(3, 2, 4), torch.tensor([[0, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]]), 2, ()
    )
    assert len(split.subset([0])) == 1


def test_an_archive_of_one_hot_labels_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((6, 3, 8, 8)), y=np.eye(3, dtype=int)[[0, 1, 2] * 2])
    with pytest.raises(InputError, match="not one-hot"):
        load_data(str(tmp_path / "a.npz"))


def test_logits_of_another_form_are_named() -> None:
    y = torch.zeros(2, 4, 4).long()
    with pytest.raises(InputError, match=r"must return logits of shape \(2, classes, 4, 4\)"):
        labelled(torch.zeros(2, 3, 2, 2), y)
    with pytest.raises(InputError, match=r"must return logits of shape \(2, classes\)"):
        labelled(torch.zeros(2, 3, 2, 2), y[:, 0, 0])


def test_an_archive_and_a_function_give_the_same_data(tmp_path: Path) -> None:
    x, y = scenes()
    names = np.array(["ground", "square", "bar"])
    np.savez(tmp_path / "a.npz", x=x.numpy(), y=y.numpy().astype(np.uint8), class_names=names)
    (tmp_path / "maker.py").write_text(
        f"import numpy as np\ndef load():\n    a = np.load({str(tmp_path / 'a.npz')!r})\n"
        "    return a['x'], a['y']\n"
    )
    data = load_data(str(tmp_path / "a.npz"))
    assert data.class_names == ("ground", "square", "bar")
    assert data.minority == (2,)
    assert data.train.counts().sum() == 63 * len(data.train)
    assert load_data(f"{tmp_path / 'maker.py'}:load").train.digest() == data.train.digest()
    again = load_data(str(tmp_path / "a.npz"), subset=0.5)
    assert len(again.train) == len(data.train) // 2


def test_maps_of_texts_and_of_numbers_with_gaps(tmp_path: Path) -> None:
    x, y = scenes(void=0)
    for values in (np.array(["bar", "road", "sky"])[y.numpy()], np.array([7, 40, 41])[y.numpy()]):
        np.savez(tmp_path / "a.npz", x=x.numpy(), y=values)
        data = load_data(str(tmp_path / "a.npz"))
        assert data.classes == 3
        assert len(data.class_names) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"imbalance": "exp"}, "each position has a label"),
        ({"size": 4}, "not the maps of their labels"),
    ],
)
def test_what_would_part_images_and_maps_is_refused(
    tmp_path: Path, options: dict[str, object], words: str
) -> None:
    x, y = scenes()
    np.savez(tmp_path / "a.npz", x=x.numpy(), y=y.numpy())
    with pytest.raises(InputError, match=words):
        load_data(str(tmp_path / "a.npz"), **options)


def test_a_class_that_a_split_loses_is_named(tmp_path: Path) -> None:
    x, y = torch.rand(10, 1, 2, 2), torch.zeros(10, 2, 2, dtype=torch.int64)
    y[:, 0, 0] = 1
    train, other = y.clone(), y.clone()
    other[:, 1, 1] = 2
    np.savez(
        tmp_path / "a.npz", x_train=x, y_train=train.numpy(), x_test=x + 1, y_test=other.numpy()
    )
    with pytest.raises(InputError, match="class 2 has no training sample"):
        load_data(str(tmp_path / "a.npz"))
