"""The page as HTML."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.plots import child_curves, compare_figure
from leastloss.report import (
    Cell,
    Comparison,
    Drawn,
    Grid,
    compare_page,
    inline_svg,
)

EVIL = "<script>alert(\"x\")</script> & 'quotes'"


def runs(seeds=5, gap=0.2, methods=("nc", "magnitude")):
    return pd.DataFrame(
        {"criterion": m, "seed": s, "step": i, "sparsity": p}
        | {"accuracy": 0.9 - gap * rank * (p > 0) + s / 1000}
        | {"minority_recall": 0.8 - p / 2 + s / 1000, "worst_class_recall": 0.7 - p / 2}
        | {f"recall_class_{k}": 0.7 for k in range(3)}
        for rank, m in enumerate(methods)
        for s in range(seeds)
        for i, p in enumerate((0, 0.5, 0.8, 0.9, 0.95))
    )


def page(table, **change):
    if "figures" not in change:
        one = child_curves(table[table["seed"] == 0].iloc[:5])
        figures = [
            Drawn(figure=compare_figure(table), caption="All methods.", alt="Falling lines."),
            Drawn(figure=one, caption="One run."),
        ]
        change["figures"] = {"curves": figures}
    arguments = {
        "title": "Two methods on digits",
        "facts": {"data set": "digits", "commit": "0123abc"},
        "command": "mlflow run . -e compare -P metric=accuracy",
        "links": {"nc, seed 0": "runs/1.html", "tracking": "http://localhost:5000/#/runs/1"},
        "commands": {"nc": "mlflow run . -e prune -P criteria=nc"},
    } | change
    return compare_page(Comparison(table=table, **arguments))


@pytest.fixture(scope="module")
def usual():
    """The page of two methods and five seeds."""
    return page(runs())


class Elements(HTMLParser):
    """Collect tags with their attributes, and check that they close in order."""

    VOID = ("meta", "link", "br", "wbr", "img", "input", "hr")

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def test_the_page_loads_nothing(usual):
    elements = Elements(usual)
    for tag, attributes in elements.found:
        for name, value in attributes.items():
            if name in ("src", "srcset", "poster", "data", "xlink:href") or (
                name == "href" and tag != "a"
            ):
                assert value.startswith(("#", "data:")), (tag, name, value)
    assert not elements.all("script")
    assert "@import" not in usual
    assert not re.search(r"url\((?!#)", usual)


def test_every_method_fact_link_and_the_command_are_there(usual):
    for words in ("nc", "magnitude", "digits", "0123abc", "worst-class recall", "5 seeds"):
        assert words in usual
    assert "mlflow run . -e compare -P metric=accuracy" in usual
    assert "mlflow run . -e prune -P criteria=nc" in usual
    assert 'class="best"' in usual
    links = [attributes["href"] for attributes in Elements(usual).all("a")]
    away = [link for link in links if not link.startswith("#")]
    assert away == ["runs/1.html", "http://localhost:5000/#/runs/1"]


def test_the_answer_comes_first_and_the_rest_is_folded(usual):
    elements = Elements(usual)
    anchors = [a["id"] for tag, a in elements.found if tag in ("header", "div") and "id" in a]
    assert anchors[0] == "answer"
    assert len(anchors) - 1 == len([s for s in elements.all("section") if s.get("class")])
    assert not any("open" in a for a in elements.all("details") if "class" not in a)


def test_everything_from_outside_is_escaped():
    table = runs(methods=(EVIL, "nc"))
    text = page(
        table,
        title=EVIL,
        facts={EVIL: EVIL},
        command=EVIL,
        links={EVIL: 'a"b<c.html'},
        figures={"curves": [Drawn(figure=compare_figure(table, title=EVIL), caption=EVIL)]},
        commands={EVIL: EVIL},
        tables=[Grid(caption=EVIL, head=[EVIL], rows={EVIL: [Cell(value=EVIL, notes=[EVIL])]})],
    )
    assert "<script" not in text
    assert {"href": 'a"b<c.html'} in Elements(text).all("a")
    assert Elements(text).all("svg")[0]["aria-label"] == EVIL


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,"]
)
def test_links_of_other_kinds_are_refused(address):
    with pytest.raises(InputError, match="relative or http"):
        page(runs(seeds=1), figures={}, links={"bad": address})


def test_figures_are_described_and_their_ids_do_not_meet(usual):
    elements = Elements(usual)
    assert [svg["aria-label"] for svg in elements.all("svg")] == ["Falling lines.", "One run."]
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = {a["xlink:href"][1:] for a in elements.all("use")}
    assert used
    assert used <= set(ids)


def test_figures_take_the_colours_of_the_page():
    drawn = inline_svg(compare_figure(runs()), "a figure", "f0")
    assert "var(--ink)" in drawn
    assert "#1f2328" not in drawn


def test_equal_tables_give_equal_pages(usual):
    assert page(runs()) == usual


def test_one_seed_marks_nothing_and_says_so():
    text = page(runs(seeds=1))
    assert "one seed: no interval" in text
    assert "One run of each method cannot say" in text
    assert "n = 1: a claim needs 3 seeds or more" in text
    assert 'class="best"' not in text


def test_it_is_small(usual):
    assert len(usual) < 500_000


def test_no_point_within_reach_is_said():
    table = runs(seeds=1)
    text = page(table[table["sparsity"].isin([0, 0.5])], figures={}, at=(0.9, 0.95))
    assert "No method has a step near 90 %, 95 %." in text
    assert "<table" not in text[text.index('id="headline"') : text.index('id="curves"')]


def test_names_of_classes_are_text():
    text = page(runs(), class_names=[EVIL, "b", "c"], facts={"classes": f"0 {EVIL}"})
    Elements(text)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
