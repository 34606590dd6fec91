"""Sections as Markdown."""

import pytest

from leastloss.errors import InputError
from leastloss.report.markdown import markdown, place
from leastloss.report.sections import Cell, Commands, Facts, Grid, Image, Section, Sentences


def test_other_sections_stay_as_they_are() -> None:
    def block(name: str, text: str) -> str:
        return f"<!-- begin {name} -->\n{text}\n<!-- end {name} -->\n"

    page = "# Results\n"
    for name in ("a", "b", "c"):
        page = place(page, name, block(name, f"old {name}"))
    after = place(page, "b", block("b", "new\nb"))
    assert after == page.replace("old b", "new\nb")
    assert place(after, "b", block("b", "new\nb")) == after
    with pytest.raises(InputError, match="markers of 'b'"):
        place(page.replace("<!-- end b -->", ""), "b", block("b", "new"))


def test_every_kind_of_block_has_its_lines() -> None:
    grid = Grid(
        caption="Recall",
        unit="%",
        head=["50 %"],
        rows={"nc": [Cell(value="80.0", ends=("70.0", "90.0"), notes=["n = 2"], bold=True)]},
        folded=True,
    )
    blocks = ["Why?", Facts({"seeds": 2}), Image("a.svg", "curves"), Sentences(["One."]), grid]
    first = Section(anchor="a", title="Title", blocks=[Commands({"nc": "mlflow run ."})])
    text = markdown([first, Section(anchor="b", title="Next", blocks=blocks)])
    assert text == (
        "# Title\n\n- nc: `mlflow run .`\n\n## Next\n\nWhy?\n\n- seeds: 2\n\n![curves](a.svg)\n\n"
        "- One.\n\n<details><summary>Recall, in %</summary>\n\n| method | 50 % |\n|---|---|\n"
        "| `nc` | **80.0 [70.0, 90.0], n = 2** |\n\n</details>\n"
    )


def test_names_of_classes_are_no_html_and_no_cells() -> None:
    name = "<script>alert(1)</script> | x"
    grid = Grid(caption="c", head=["class"], rows={"nc": [Cell(value=name)]})
    blocks = [grid, Sentences([name]), Facts({"classes": name}), name]
    text = markdown([Section(anchor="a", title=name, blocks=blocks)])
    assert "<script" not in text
    assert "</script" not in text
    assert "| `nc` | &lt;script>alert(1)&lt;/script> \\| x |" in text
