"""The page in a real browser: it renders, says nothing, asks for nothing, and fits a telephone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts.browser import VARIABLE, browser, find_browser
from tests.report.pages import ASKED, DEFAULT, SETTINGS, steps, whole_page

from leastloss.report import Cell, Grid

pytest.importorskip("playwright.sync_api", reason="playwright (the dev extra) is not installed")
BROWSER = find_browser()
pytestmark = pytest.mark.skipif(
    not BROWSER, reason=f"no Chromium or Chrome on PATH; name one in {VARIABLE}"
)
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "compare.html"
    file.write_text(whole_page(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def long_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of methods with several settings each, whose names are long."""
    told = "recovery=compensate+refit:sweeps=3, schedule=one-shot"
    named = {name: f"{name}, {told}" for name in SETTINGS}
    file = tmp_path_factory.mktemp("names") / "compare.html"
    splits = ["training", "validation", "test"]
    digests = {str(seed): [Cell(value="0123456789abcdef")] * 3 for seed in range(6)}
    table = steps().replace({"criterion": named})
    table["accuracy"] = np.random.default_rng(0).random(len(table))  # intervals are long, too
    text = whole_page(
        table=table,
        settings={full: (name, told) for name, full in named.items()},
        measured={},
        at=(0.3, 0.5, 0.7, 0.9, 0.95),
        tables=[
            Grid(caption="Data", head=splits, rows=digests, folded=True),
            Grid(caption="Seeds", head=["n"], rows={"nc": [Cell(value="6")]}, folded=True),
        ],
    )
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def opened() -> Iterator[Any]:
    with browser(BROWSER) as found:
        yield found


class Watched:
    """The page in one window, with all that it asked for and complained of."""

    def __init__(self, opened: Any, file: Path, size: dict[str, int], scheme: str) -> None:
        self.view = opened.new_page(viewport=size, color_scheme=scheme)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.view.on("request", lambda request: self.requests.append(request.url))
        self.view.on("console", lambda message: self.complaints.append(message.text))
        self.view.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.view.goto(file.as_uri())


@pytest.fixture(
    scope="module",
    params=[(WIDE, "light"), (PHONE, "dark")],
    ids=["wide and light", "telephone and dark"],
)
def watched(opened: Any, page_file: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    size, scheme = request.param
    found = Watched(opened, page_file, size, scheme)
    yield found
    found.view.close()


def test_it_asks_for_nothing_but_itself(watched: Watched, page_file: Path) -> None:
    assert [url for url in watched.requests if not url.startswith("data:")] == [page_file.as_uri()]


def test_the_console_stays_empty(watched: Watched) -> None:
    assert watched.complaints == []


def test_every_section_is_there_and_has_a_heading(watched: Watched) -> None:
    heads = watched.view.locator("h2:visible").all_inner_texts()
    for title in ("In plain words", "Class by class", "Under corruptions", "Cost", "Controls"):
        assert title in heads
    assert watched.view.locator("section").count() == watched.view.locator("section h2").count()


def test_every_figure_has_a_size_and_words(watched: Watched) -> None:
    watched.view.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    figures = watched.view.locator("svg")
    assert figures.count() >= 4
    for i in range(figures.count()):
        box = figures.nth(i).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 100
        assert len(figures.nth(i).get_attribute("aria-label")) > 20


def test_the_page_does_not_scroll_sideways(watched: Watched) -> None:
    width = "document.documentElement.{}"
    wide, seen = (watched.view.evaluate(width.format(w)) for w in ("scrollWidth", "clientWidth"))
    assert wide <= seen
    watched.view.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert watched.view.evaluate(width.format("scrollWidth")) <= seen


_SCROLLED = """() => {
    document.querySelectorAll('details').forEach(one => one.open = true);
    return [...document.querySelectorAll('.scroll')]
        .filter(one => one.querySelector('table') && one.scrollWidth > one.clientWidth)
        .map(one => one.textContent.trim().slice(0, 60));
}"""


def test_no_table_is_cut_on_a_wide_page(opened: Any, long_names: Path) -> None:
    view = Watched(opened, long_names, WIDE, "light").view
    assert view.evaluate(_SCROLLED) == []
    view.close()


def test_long_names_do_not_widen_a_telephone(opened: Any, long_names: Path) -> None:
    view = Watched(opened, long_names, PHONE, "light").view
    view.evaluate(_SCROLLED)
    wide, seen = (
        view.evaluate(f"document.documentElement.{w}") for w in ("scrollWidth", "clientWidth")
    )
    assert wide <= seen
    view.close()


def test_headings_stand_over_their_cells(watched: Watched) -> None:
    """Words start at the left, numbers end at the right, and so do their headings."""
    ways = watched.view.evaluate(
        """() => [...document.querySelectorAll('table')].flatMap(table => {
            const rows = [...table.querySelectorAll('tbody tr:not(.dense)')];
            return [...table.querySelectorAll('thead th')].map((head, i) => [
                getComputedStyle(head).textAlign,
                ...new Set(rows.map(row => getComputedStyle(row.children[i]).textAlign))
            ]);
        })"""
    )
    assert ["left", "left"] in ways
    assert all(len(set(way)) == 1 for way in ways)


def test_text_stands_out_from_its_ground(watched: Watched) -> None:
    """At least 4.5 to 1, as WCAG asks, on cards and on the page."""
    ratio = watched.view.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            const light = name => {
                const hex = style.getPropertyValue(name).trim().slice(1);
                const [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)
                    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const found = [];
            for (const text of ['--ink', '--quiet', '--link'])
                for (const ground of ['--page', '--card', '--code']) {
                    const pair = [light(text), light(ground)].sort((a, b) => b - a);
                    found.push((pair[0] + 0.05) / (pair[1] + 0.05));
                }
            return Math.min(...found);
        }"""
    )
    assert ratio >= 4.5


def test_a_link_to_a_folded_section_opens_it(opened: Any, page_file: Path) -> None:
    view = Watched(opened, page_file, WIDE, "light").view
    assert not view.locator("#cost").is_visible()
    view.goto(f"{page_file.as_uri()}#cost")
    assert view.locator("#cost table").first.is_visible()
    view.close()


@pytest.fixture(scope="module")
def default_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run like the default one: five methods, ten controls, one seed."""
    file = tmp_path_factory.mktemp("default") / "compare.html"
    file.write_text(whole_page(1, DEFAULT), encoding="utf-8")
    return file


def test_the_answer_stands_on_the_first_screen(opened: Any, default_run: Path) -> None:
    view = Watched(opened, default_run, WIDE, "light").view
    assert view.evaluate("document.documentElement.scrollHeight") <= 6000
    parts = [view.locator(f"#answer {part}").first for part in ("p.answer", "svg", "table")]
    boxes = [part.bounding_box() for part in parts]
    assert all(box["y"] + box["height"] <= WIDE["height"] for box in boxes)
    assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
    rows = view.locator("#answer tbody th").all_inner_texts()
    assert sorted(rows) == sorted(ASKED)
    assert view.locator("table:visible").count() == 1
    view.close()


def test_no_two_methods_share_a_colour_and_controls_are_dashed(
    opened: Any, default_run: Path
) -> None:
    view = Watched(opened, default_run, WIDE, "light").view
    swatches = "#answer .legend .swatch:not(.control)"
    legend, drawn, dashed = view.evaluate(
        f"""() => {{
            const lines = [...document.querySelectorAll('#answer svg')][0]
                .querySelectorAll('[id*=line2d] path, path[clip-path]');
            const curves = [...lines].filter(line => line.getAttribute('d').split('L').length > 5);
            return [
                [...document.querySelectorAll('{swatches}')].map(
                    one => getComputedStyle(one).backgroundColor),
                curves.map(line => getComputedStyle(line).stroke),
                curves.filter(line => getComputedStyle(line).strokeDasharray != 'none')
                    .map(line => getComputedStyle(line).stroke)
            ];
        }}"""
    )
    view.close()
    assert len(legend) == len(set(legend)) == len(ASKED)
    assert all(drawn.count(color) == 1 for color in legend)
    controls = [color for color in drawn if color not in legend]
    assert len(controls) == len(DEFAULT) - len(ASKED)
    assert all(color in dashed and _is_grey(color) for color in controls)


def _is_grey(color: str) -> bool:
    """Whether red, green and blue are nearly alike."""
    parts = [int(part) for part in re.findall(r"\d+", color)][:3]
    return max(parts) - min(parts) < 25


def test_the_default_run_fits_a_telephone(opened: Any, default_run: Path) -> None:
    view = Watched(opened, default_run, PHONE, "dark").view
    for unfold in (False, True):
        if unfold:
            view.evaluate(_SCROLLED)
        wide, seen = (
            view.evaluate(f"document.documentElement.{w}") for w in ("scrollWidth", "clientWidth")
        )
        assert wide <= seen == PHONE["width"]
    view.close()
