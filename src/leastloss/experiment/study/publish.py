"""Publish a study from its tracked runs: a page, figures and a table of numbers."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.evaluation import failure_sentences, without_failed
from leastloss.experiment.compare_run.figures import by_eights
from leastloss.experiment.run_names import TABLE
from leastloss.experiment.run_table import csv_text, joined, steps_of_runs
from leastloss.experiment.study.finished_runs import FinishedRuns, facts_of
from leastloss.experiment.study.study import Arm, Study
from leastloss.plots import compare_figure, lengths_figure, render_compact
from leastloss.pruning import as_recovery
from leastloss.report import (
    ARM,
    GROUP,
    LENGTHS,
    Block,
    Drawn,
    Image,
    at_points,
    differences,
    free_of_loss,
    index_entry,
    means,
    place,
    spreads,
    study_page,
)
from leastloss.whole_files import written_whole

RESULTS = "RESULTS.md"
PAGES = "docs/results"
IMAGES = "docs/images"
TABLES = "results"
_HEAD = """# Results

One entry per study, made from tracked runs by `mlflow run . -e sweep`. The page behind it holds the
command, all tables, the figures and the paired tests.
"""
_COMPARED = ("bdm_bits", "compressed_bytes")
_FAIR, _REPAIRED = "dense is a fair control", "dense is repaired"  # columns added here


def publish(
    finished: FinishedRuns, out: Path, command: str, ranks: Sequence[Block] = ()
) -> list[Path]:
    """Write a study's page, figures and CSV, and its entry in RESULTS.md; returns what was written.

    Equal runs give equal bytes.

    Args:
        finished: The study and its runs.
        out: Folder of RESULTS.md, docs/ and results/.
        command: The command that reproduces the runs and the page.
        ranks: How the methods rank over several data sets.

    Raises:
        InputError: If the report names an unknown metric, or RESULTS.md is malformed.
        ResourceError: If there is no run to publish, one is damaged, or a file cannot be written.
    """
    study, wanted = finished.study, finished.study.report
    measured = table_of(finished)
    failed, table = failure_sentences(measured, "method"), without_failed(measured, ARM)
    left_out = {"left out from there on, for all seeds": "; ".join(failed)} if failed else {}
    values = at_points(table, wanted.sparsities, wanted.metrics)
    dense = at_points(dense_rows(table), [0.0], wanted.metrics)
    everything = pd.concat([means(dense), means(values)])
    compared = values[values["quantity"].isin(wanted.compared or wanted.metrics[:1])]
    paired = differences(compared, wanted.against)
    # Losses are measured against the dense network only where the repair applies to it as well.
    free_values = free_of_loss(table[table[_FAIR]], wanted.within, wanted.free)
    spread = means(spreads(values, dict(wanted.spread)))
    free = means(free_values)
    shorter = differences(free_values[free_values["quantity"].isin(_COMPARED)], wanted.against)
    files: dict[str, bytes] = {}
    images: dict[tuple[str, str], list[str]] = {}
    for name, part in _groups(table):
        together = figures_of(part, study)
        for number, members in enumerate(together, 1):
            shown = part[part["method"].isin(members)]
            parts = [
                study.section,
                *_distinguishing(name, table),
                *([str(number)] if together[1:] else []),
            ]
            stem = "-".join(parts)
            for path, content in _draw(shown, study, f"{IMAGES}/{stem}").items():
                files[path] = content
                images.setdefault(name, []).append(f"../{path.removeprefix('docs/')}")
    shown_ranks, drawn_ranks = as_files(ranks, f"{IMAGES}/{study.section}-ranks")
    files |= drawn_ranks
    page, csv = f"{PAGES}/{study.section}.md", f"{TABLES}/{study.section}.csv"
    numbers = {"mean": everything, "difference": paired, "within of dense": free}
    numbers["difference within of dense"] = shorter
    numbers |= {"network": pd.concat([dense, values]), "network within of dense": free_values}
    files[csv] = _csv(numbers).encode()
    text = study_page(
        title=study.title,
        question=study.question,
        facts=facts_of(finished, command) | left_out,
        means=everything,
        differences=paired,
        free=free,
        shorter=shorter,
        spread=spread,
        images=images,
        csv=f"../../{csv}",
        ranks=shown_ranks,
    )
    files[page] = text.encode()
    try:
        index = out / RESULTS
        before = index.read_text(encoding="utf-8") if index.exists() else _HEAD
        files[RESULTS] = place(before, study.section, entry_of(study, everything)).encode()
        for path, content in files.items():
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            with written_whole(out / path) as file:
                file.write_bytes(content)
    except OSError as error:
        raise ResourceError(f"cannot write the report: {error}") from error
    return [out / path for path in files]


def as_files(blocks: Sequence[Block], stem: str) -> tuple[list[Block], dict[str, bytes]]:
    """Blocks of a page whose figure stands in a file, and that file: path -> content."""
    shown, files = list[Block](), dict[str, bytes]()
    for block in blocks:
        if isinstance(block, Drawn):
            content, ending = render_compact(block.figure)
            path = f"{stem}.{ending}"
            files[path] = content
            block = Image(f"../{path.removeprefix('docs/')}", block.alt)
        shown.append(block)
    return shown, files


def entry_of(study: Study, numbers: pd.DataFrame) -> str:
    """The study's entry in RESULTS.md."""
    return index_entry(
        study.section,
        title=study.title,
        numbers=numbers,
        against=study.report.against,
        page=f"{PAGES}/{study.section}.md",
        csv=f"{TABLES}/{study.section}.csv",
    )


def table_of(finished: FinishedRuns) -> pd.DataFrame:
    """The steps of all runs of a study, arms in the order of its file, with the columns of ARM."""
    study = finished.study
    keys = [(s, a) for a in study.arms for s in study.seeds if (s, a) in finished.runs]
    if not keys:
        raise ResourceError(f"there is no finished run of {study.section!r} to report")
    runs = [finished.runs[key] for key in keys]
    texts = tracking.fetch_texts(runs, TABLE)
    bar = tqdm(texts, total=len(keys), desc="reading", disable=None, leave=False)
    tables = steps_of_runs(runs, list(bar))
    columns: dict[Arm, list[object]] = {}
    for arm in study.arms:
        fair = as_recovery(arm.config.recovery).memoryless
        names = [*study.group(arm), study.method(arm), arm.criterion]
        columns[arm] = [*names, ", ".join(study.settings(arm)), fair]
        columns[arm].append(fair and arm.config.recovery != "none")
    values = zip(*((*columns[arm], seed) for seed, arm in keys), strict=True)
    return joined(tables, **dict(zip([*ARM, _FAIR, _REPAIRED, "seed"], values, strict=True)))


def dense_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The unpruned network of every seed, once per group.

    A repair may change it before the first step; an unrepaired one is preferred.
    """
    start = table[table["sparsity"] == 0].sort_values(_REPAIRED, kind="stable")
    start = start.drop_duplicates([*GROUP, "seed"]).sort_index()
    return start.assign(method="dense", criterion="dense", settings="")


def _groups(table: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    return [((str(a), str(b)), part) for (a, b), part in table.groupby(GROUP, sort=False)]


def figures_of(part: pd.DataFrame, study: Study) -> list[list[str]]:
    """The arms of each figure of a group: as the study says, or by eights."""
    arms = part.drop_duplicates("method")
    methods = list(arms["method"])
    if study.report.figures:
        criterion = dict(zip(methods, arms["criterion"], strict=True))
        drawn = [
            [m for m in methods if m in group or criterion[m] in {*group} - {*methods}]
            for group in study.report.figures
        ]
        return [group for group in drawn if group]
    named = arms["criterion"].isin(study.report.against) | arms["method"].isin(study.report.against)
    return by_eights(methods, list(arms[named]["method"]))


def _draw(part: pd.DataFrame, study: Study, stem: str) -> dict[str, bytes]:
    """Two figures: the metrics against sparsity, and accuracy against description length."""
    wanted, lengths = study.report.metrics, [n for n in LENGTHS if n in part.columns]
    curves = [metric for metric in wanted if part[metric].notna().all()]
    drawn = {stem: compare_figure(part, curves, by="method", title=study.title)} if curves else {}
    if lengths:
        drawn[f"{stem}-length"] = lengths_figure(part, lengths, by="method", title=study.title)
    rendered = {name: render_compact(figure) for name, figure in drawn.items()}
    return {f"{name}.{ending}": content for name, (content, ending) in rendered.items()}


def _distinguishing(group: tuple[str, str], table: pd.DataFrame) -> list[str]:
    """The parts of a group's name that differ among groups, as parts of a file's name.

    Example:
        >>> table = pd.DataFrame({"recovery": ["none", "adjust:tau=2"], "granularity": "unit"})
        >>> _distinguishing(("adjust:tau=2", "unit"), table)
        ['adjust-tau-2']
    """
    several = [table[column].nunique() > 1 for column in GROUP]
    parts = [value for value, needed in zip(group, several, strict=True) if needed]
    return [re.sub(r"[^\w.-]", "-", part) for part in parts]


def _csv(numbers: Mapping[str, pd.DataFrame]) -> str:
    """All numbers of the study, one per row: over seeds, then those of each network alone."""
    columns = ["what", *GROUP, "method", "quantity", "at", "reference", "n"]
    columns += ["mean", "low", "high", "p", "holm", "only_dense", "seed", "value"]
    parts = [part.assign(what=what) for what, part in numbers.items() if len(part)]
    joined = pd.concat([part.reindex(columns=columns) for part in parts])
    whole = dict.fromkeys(["n", "only_dense", "seed"], "Int64")
    return csv_text(joined.astype(whole), float_format="%.6g", lineterminator="\n")
