"""Whole paths, chance, controls, classes, from tables worked out by hand; ranks over data sets."""

from dataclasses import replace

import pandas as pd
from tests.evaluation.significance.test_ranking import SCORES
from tests.report.pages import steps
from tests.report.steps import table

from leastloss.evaluation import rank_over
from leastloss.report import Comparison, ranks_sentences
from leastloss.report.comparison import sections_of
from leastloss.report.numbers import differences
from leastloss.report.observations import of_chance, of_classes, of_controls, of_paths
from leastloss.report.roles import Role, roles
from leastloss.report.values import areas, as_arms


def test_whole_paths_and_chance() -> None:
    runs = table({"nc": 3, "mils-bdm": 1, "magnitude": 1, "random": 1})
    steps = as_arms(runs, "criterion", {})
    gaps = differences(areas(steps, ["minority_recall"], 0.8), ["magnitude", "random"])
    names = {name: (name, "") for name in runs["criterion"].unique()}
    # The mean up to 80 %: nc has (0.6 * 0.9 + 0.2 * 0.7) / 0.8, magnitude (0.2 * 0.9 + 0.2 * 0.7
    # + 0.4 * 0.5) / 0.8: 20 points less. Holm over three methods: 3 * 0.0078.
    (text,) = of_paths(gaps, roles(names))
    assert "`nc` +20.0 points [+20.0, +20.0], p = 0.023, in minority recall (n = 8)" in text
    (text,) = of_chance(gaps, roles(names))
    assert text == (
        "Not shown to be better than random removal over the whole path, in minority recall: "
        "`mils-bdm`."
    )


def test_classes_and_controls() -> None:
    known = {"nc": Role(kind="method", controls={}, missing=("random@nc",))}
    losses = pd.DataFrame(
        [{"method": "nc", "at": 0.9, "label": "7", "loss": -0.123, "n": 3}],
    )
    (text,) = of_classes(losses, known)
    assert (
        text
        == "The class that pays most at 90 % removed, in points of recall: `nc` class 7 (−12.3)."
    )
    assert of_classes(losses.assign(loss=0.0), known) == []  # none pays
    assert of_controls(known) == ["Incomplete: controls of these methods were not run."]
    assert of_controls({"nc": Role(kind="method", controls={})}) == []


def test_of_many_methods_those_that_pay_the_most_are_named() -> None:
    names = ["nc", "obs", "taylor", "lamp"]
    rows = [
        {"method": name, "at": 0.9, "label": "7", "loss": -0.1 * rank, "n": 3}
        for rank, name in enumerate(names, start=1)
    ]
    known = dict.fromkeys(names, Role(kind="method", controls={}))
    (text,) = of_classes(pd.DataFrame(rows), known)  # of many, those that pay the most
    assert text.endswith("`lamp` class 7 (−40.0); `taylor` class 7 (−30.0); `obs` class 7 (−20.0).")


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
