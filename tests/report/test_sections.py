from leastloss.report.sections import TIGHT, Cell, Grid, Section, Sentences


def grid(columns: int, value: str = "1.0") -> Grid:
    cells = [Cell(value=value)] * columns
    return Grid(caption="c", head=[f"h{i}" for i in range(columns)], rows={"nc": cells})


def test_a_table_is_wide_by_its_cells_and_tight_by_its_columns() -> None:
    assert not grid(2).wide
    assert grid(6).wide
    assert grid(2, "a cell of so many letters").wide
    assert [grid(TIGHT - 1).tight, grid(TIGHT).tight] == [False, True]


def test_a_heading_starts_at_the_left_if_all_cells_under_it_do() -> None:
    rows = {
        "nc": [Cell(value="a", left=True), Cell(value="b", left=True)],
        "random": [Cell(value="a", left=True), Cell(value="2")],
    }
    table = Grid(caption="c", head=["words", "mixed"], rows=rows)
    assert table.heads == [("words", True), ("mixed", False)]


def test_an_interval_below_zero_is_told_in_words() -> None:
    assert Cell(value="1", ends=("0", "2")).small == "0–2"
    assert Cell(value="1", ends=("−1", "2")).small == "−1 to 2"
    assert Cell(value="1").small == ""
    assert Cell(value="1", ends=("0", "2"), notes=["n = 3"]).line == "1 [0, 2], n = 3"


def test_blocks_of_one_kind_keep_their_order() -> None:
    blocks = ["first", Sentences(["a"]), "second", grid(1)]
    section = Section(anchor="a", title="t", blocks=blocks)
    assert section.all(str) == ["first", "second"]
    assert section.all(Grid) == [blocks[3]]
