"""The numbers in plain words, from tables worked out by hand."""

import pandas as pd
from tests.report.steps import table

from leastloss.report.numbers import differences, means
from leastloss.report.observations import of_chance, of_paths
from leastloss.report.roles import roles
from leastloss.report.sentences import in_words
from leastloss.report.values import areas, as_arms, free_values


def said(runs: pd.DataFrame, refused: str = "", dense: dict[str, float] | None = None) -> list[str]:
    steps = as_arms(runs, "criterion", {})
    free = free_values(steps, ["minority_recall"], 0.02)
    names = {name: (name, "") for name in runs["criterion"].unique()}
    gaps = differences(free, ["magnitude", "random"])
    return in_words(
        means(free), gaps, roles(names), end=0.8, within=0.02, refused=refused, dense=dense
    )


def test_how_far_each_goes_and_that_they_differ() -> None:
    (text,) = said(table({"nc": 3, "magnitude": 1}, seeds=8))
    # All eight differences are 40 points: p = 2 / 2**8 = 0.0078.
    assert text == (
        "`nc` keeps minority recall within 2 points of dense up to 60 % removed; `magnitude` up to "
        "20 % removed (+40.0 points [+40.0, +40.0], p = 0.0078, n = 8)."
    )


def test_what_is_not_shown_is_said_so() -> None:
    (text,) = said(table({"nc": 2, "magnitude": 1}, seeds=3))
    assert text.endswith("p = 0.25, n = 3: these seeds do not tell the two apart).")


def test_the_end_of_the_path_and_no_step() -> None:
    (text,) = said(table({"nc": 4, "magnitude": 0}))
    assert "up to the end of its path, 80 % removed; `magnitude` at no step" in text
    (text,) = said(table({"nc": 0, "magnitude": 0}))
    assert text == "No method keeps minority recall within 2 points of dense at its first step."


def test_nothing_is_kept_where_there_is_nothing() -> None:
    runs = table({"nc": 2, "magnitude": 1})
    runs["minority_recall"] *= 0.02  # dense 1.8 %: it cannot fall by more than two points
    dense = {"minority_recall": 0.018}
    (text,) = said(runs, dense=dense)
    assert text == "Dense minority recall is 1.8 %: there is nothing to keep."
    (text,) = said(table({"nc": 2, "magnitude": 1}), dense={"minority_recall": 0.9})
    assert text.startswith("`nc` keeps")


def test_of_few_seeds_no_difference_is_claimed() -> None:
    first, text = said(table({"nc": 3, "magnitude": 1}, seeds=2), refused="n = 2: too few.")
    assert first == "n = 2: too few."
    assert "p =" not in text
    assert text.endswith("`magnitude` up to 20 % removed (n = 2).")


REFIT, PLAIN = "steps=20, recovery=refit, schedule=iterative", "recovery=none, schedule=iterative"


def under(last_good: dict[str, int], settings: dict[str, str]) -> tuple[str, list[str], list[str]]:
    """What is said of arms ``criterion/anything`` of these settings."""
    runs = table(last_good, seeds=8)
    known = {name: (name.partition("/")[0], settings[name]) for name in last_good}
    steps = as_arms(runs, "criterion", known)
    free = free_values(steps, ["minority_recall"], 0.02)
    gaps = differences(free, ["magnitude", "random"])
    (text,) = in_words(means(free), gaps, roles(known), end=0.8, within=0.02)
    paths = differences(areas(steps, ["minority_recall"], 0.8), ["magnitude", "random"])
    return text, of_paths(paths, roles(known)), of_chance(paths, roles(known))


def test_a_baseline_of_the_same_repair_is_chosen_though_another_goes_further() -> None:
    settings = {"nc": PLAIN, "magnitude/refit": REFIT, "magnitude/none": PLAIN}
    text, (path,), _ = under({"nc": 3, "magnitude/refit": 4, "magnitude/none": 1}, settings)
    assert "; `magnitude/none` up to 20 % removed (+40.0 points" in text
    assert "differ" not in text
    assert "against `magnitude/none`: `nc` +20.0 points" in path


def test_where_repairs_differ_it_is_said_and_one_repair_is_compared_too() -> None:
    settings = {"nc/refit": REFIT, "nc/none": PLAIN, "magnitude": PLAIN, "random": PLAIN}
    goods = {"nc/refit": 4, "nc/none": 2, "magnitude": 1, "random": 0}
    text, (path,), chance = under(goods, settings)
    first, _, second = text.partition(" Under one repair: ")
    assert first.startswith("`nc/refit` keeps")
    assert first.endswith("their scores: `recovery=refit` against `recovery=none`.")
    assert second.startswith("`nc/none` up to 40 % removed; `magnitude` up to 20 % removed (+20.0")
    assert "the best method of those with a reference of their own repair" in path
    assert "`nc/none` +10.0 points" in path
    assert chance == ["Not compared with random removal under the same repair: `nc/refit`."]


def test_a_difference_between_repairs_alone_is_told_as_such() -> None:
    settings = {"nc/refit": REFIT, "magnitude": PLAIN}
    text, (path,), _ = under({"nc/refit": 4, "magnitude": 1}, settings)
    assert text.endswith(
        "differ in more than their scores: `recovery=refit` against `recovery=none`."
    )
    assert "(`recovery=refit` against `recovery=none`, so not by its score alone)" in path
