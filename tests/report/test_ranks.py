"""Ranks over data sets in words, and where they stand in the reports."""

from dataclasses import replace

import pandas as pd
from tests.evaluation.significance.test_ranking import SCORES
from tests.report.pages import steps

from leastloss.evaluation import rank_over
from leastloss.report import Comparison, ranks_sentences
from leastloss.report.comparison import sections_of


def test_what_is_told_apart_and_what_is_not() -> None:
    first, second, third = ranks_sentences(rank_over(SCORES), "accuracy", 0.9).texts
    assert first.startswith(
        "Each method's accuracy at 90 % removed, the mean over seeds, is ranked"
    )
    assert "4 methods on 14 data sets (adult, breast, " in first
    assert second.startswith("Friedman's test finds that their ranks differ (p = 0.01")
    assert "two differ at 5 % where their mean ranks are 1.25 or more apart" in second
    assert third == "Best is `C4.5+m+cf` with a mean rank of 1.96; no other is told from it."


def test_methods_that_are_worse_than_the_best() -> None:
    scores = pd.DataFrame({name: [1.0 - i] * 12 for i, name in enumerate("abcd")})
    *_, last = ranks_sentences(rank_over(scores), "accuracy", 0.9).texts
    assert last.endswith("mean rank of 1.00; significantly worse: `c`, `d`.")
    few = ranks_sentences(rank_over(SCORES.iloc[:3, :3]), "accuracy", 0.9).texts
    assert few[1].startswith("Friedman's test does not show that their ranks differ")


def test_the_page_has_a_section_where_there_are_ranks() -> None:
    page = Comparison(table=steps(seeds=2), title="t", command="c")
    assert "ranks" not in [section.anchor for section in sections_of(page)]
    (section,) = [s for s in sections_of(replace(page, ranks=["R."])) if s.anchor == "ranks"]
    assert (section.title, section.blocks) == ("Ranks over data sets", ["R."])
