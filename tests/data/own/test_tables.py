from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.data.own.cases import write_table

from leastloss.data import data_root, load_data
from leastloss.data.own.tables import read_table
from leastloss.errors import InputError, ResourceError


def test_a_table_with_a_header(tmp_path):
    data = load_data(str(write_table(tmp_path / "staff.csv")))
    assert (data.shape, data.class_names, data.name) == ((4,), ("no", "yes"), "staff")
    assert data.train.counts().tolist() == [18, 6]
    assert data.minority == (1,)
    assert data.source == "40 rows, a header, label: 'left', column 2 of 0..2"
    again = load_data(**data.recipe)
    assert again.summary() == data.summary()


def test_what_is_learned_is_learned_from_training_rows(tmp_path):
    data = load_data(str(write_table(tmp_path / "staff.csv")))
    age = data.train.x[:, 0]
    assert abs(float(age.mean())) < 1e-6
    assert abs(float(age.std(unbiased=False)) - 1) < 1e-6
    assert set(data.train.x[:, 1:].sum(1).tolist()) == {1.0}
    assert abs(float(data.test.x[:, 0].mean())) > 1e-6


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("headed", [True, False])
def test_separators_and_headers_are_found(tmp_path, sign, headed):
    path = write_table(tmp_path / "a.csv", header="age;job;left" if headed else "")
    path.write_text(path.read_text().replace(";", sign))
    images = read_table(path, {}, None)
    assert len(images.train[1]) == 40
    assert images.source.startswith(f"40 rows, {'a' if headed else 'no'} header, label: ")


def test_words_alone_have_a_header_that_occurs_nowhere_below(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("colour,kind\n" + "red,a\nblue,b\n" * 5)
    assert len(read_table(path, {}, None).train[1]) == 10
    assert len(read_table(path, {"header": "no"}, None).train[1]) == 11


@pytest.mark.parametrize("label", ["job", "1", "-2"])
def test_any_column_may_be_the_label(tmp_path, label):
    path = write_table(tmp_path / "a.csv")
    data = load_data(f"{path}:label={label}")
    assert data.class_names == ("cook", "maid", "smith")


def test_columns_may_be_left_out(tmp_path):
    path = write_table(tmp_path / "a.csv")
    assert load_data(f"{path}:without=0").shape == (3,)
    with pytest.raises(InputError, match="no column beside the label"):
        load_data(f"{path}:without=age+job")


def test_parquet(tmp_path):
    write_table(tmp_path / "a.csv")
    table = pd.read_csv(tmp_path / "a.csv", sep=";")
    table.to_parquet(tmp_path / "a.parquet")
    ours, theirs = (load_data(str(tmp_path / f"a.{kind}")) for kind in ("parquet", "csv"))
    assert ours.train.digest() == theirs.train.digest()


def test_cells_are_text_whatever_they_say(tmp_path):
    formula = '=HYPERLINK("http://x";"y")'
    quoted = '"' + formula.replace('"', '""') + '"'
    path = tmp_path / "a.csv"
    path.write_text("a,label\n" + f"1,{quoted}\n2,@SUM(A1)\n" * 5)
    assert load_data(str(path)).class_names == (formula, "@SUM(A1)")


def test_names_with_control_characters_stay_in_one_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"a\nb\x1b[2J","l\nabel"\n' + '1,"x\ny"\n2,z\n' * 5)
    data = load_data(str(path))
    assert data.class_names == ("x y", "z")
    assert "label: 'l abel'" in data.source
    with pytest.raises(InputError) as error:
        load_data(f"{path}:label=c")
    assert "a b [2J, l abel" in str(error.value)


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a,b\n1,2\n", {"label": "c"}, "unknown column in a.csv 'c'"),
        ("a,b\n" + "1,x\n2,\n" * 4, {}, "row 1 of the column 'b' is empty"),
        ("a,b\n" + "".join(f"1,{i}.5\n" for i in range(9)), {}, "labels of train are float64"),
        ("a,b\n" + "".join(f"1,n{i}\n" for i in range(99)), {}, "99 different labels"),
        ("a,b\n1,x\n2,x\n", {}, "column 'b': all 2 labels are 'x'"),
        ("a,a\n1,x\n2,y\n", {"header": "no", "label": "9"}, "unknown column"),
        ("a,b\n", {"header": "yes"}, "a.csv has no rows"),
        ("a,b\n1,x\n2,y\n", {"header": "perhaps"}, "unknown header 'perhaps'"),
    ],
)
def test_tables_that_do_not_fit(tmp_path, text, options, words):
    (path := tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError) as error:
        read_table(path, options, None)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"\xff\xfe\x00\x01" * 50),
        ("a.csv", b'a,b\n1,"x\n'),
        ("a.parquet", b"PAR1 no table PAR1"),
        ("a.parquet", b""),
    ],
)
def test_damaged_tables_are_one_line(tmp_path, name, content):
    (path := tmp_path / name).write_bytes(content)
    with pytest.raises((InputError, ResourceError)) as error:
        read_table(path, {}, None)
    assert "\n" not in str(error.value)


def test_a_parquet_bomb_is_not_unpacked(tmp_path, monkeypatch):
    table = pd.DataFrame({"a": np.zeros(100_000), "b": np.arange(100_000) % 2})
    table.to_parquet(path := tmp_path / "a.parquet")
    monkeypatch.setattr("leastloss.data.own.arrays.machine_memory", lambda: 10**6)
    with pytest.raises(ResourceError, match="it was not opened"):
        read_table(path, {}, None)


def test_the_bank_table_is_imbalanced_by_nature():
    path = data_root(None) / "tables" / "bank-full.csv"
    if not path.exists():
        path = Path(__file__).parent / "none"
        with pytest.raises(ResourceError, match="there is no file"):
            load_data("tables/bank-full.csv", data_dir=path)
        return
    data = load_data("tables/bank-full.csv", subset=0.05)
    assert (data.shape, data.class_names) == ((51,), ("no", "yes"))
    assert 0.11 < data.test.counts()[1] / len(data.test) < 0.12


def test_rows_with_more_cells_than_names_are_refused(tmp_path):
    path = tmp_path / "r.csv"  # as R writes them: row names, and no name above them
    rows = [f"{i},{i % 50},{i % 2},{'yes' if i % 3 else 'no'}" for i in range(60)]
    path.write_text("age,income,left\n" + "\n".join(rows))
    with pytest.raises(InputError, match=r"r\.csv: rows have more cells than the header names"):
        read_table(path, {"header": "yes"}, None)
