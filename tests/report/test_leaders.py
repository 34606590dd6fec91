"""Who is named as ahead, from tables worked out by hand."""

import pandas as pd
import pytest
from tests.report.steps import table

from leastloss.report.leaders import of_leaders, of_others
from leastloss.report.numbers import differences, means
from leastloss.report.roles import roles
from leastloss.report.sentences import in_words
from leastloss.report.values import areas, as_arms, free_values

GOODS = {"nc": 2, "mils-bdm": 0, "magnitude": 1, "magnitude@nc": 3, "small-dense": 4}


OVER = "Averaged over the path up to 80 % removed"


def leaders(goods: dict[str, int], seeds: int = 8, refused: str = "") -> str:
    steps = as_arms(table(goods, seeds), "criterion", {})
    area = areas(steps, ["minority_recall"], 0.8)
    (text,) = of_leaders(
        area, roles({name: (name, "") for name in goods}), where=OVER, refused=refused
    )
    return text


def kept(goods: dict[str, int]) -> str:
    steps = as_arms(table(goods), "criterion", {})
    free = free_values(steps, ["minority_recall"], 0.02)
    gaps, found = differences(free, ["magnitude"]), roles({name: (name, "") for name in goods})
    (text,) = in_words(means(free), gaps, found, end=0.8, within=0.02, refused="x")[1:]
    return text


def test_controls_that_beat_the_best_method_are_named_before_it() -> None:
    # Up to 80 % at 0.9 is 90; up to 60 % (0.6 * 0.9 + 0.2 * 0.7) / 0.8, that is 85; then 75.
    assert leaders(GOODS, seeds=2, refused="too few") == (
        f"{OVER}, the highest of the 5 methods, baselines and controls: minority recall "
        "`small-dense` (90.0 %), then `magnitude@nc` (85.0 %), then `nc` (75.0 %) "
        "(n = 2: too few seeds to say which is better)."
    )


def test_a_difference_is_told_between_the_best_method_and_the_best_of_the_others() -> None:
    # p = 2 / 2**8, times the four that are compared with it (Holm).
    assert leaders(GOODS).endswith(
        "(`nc` against `small-dense`: −15.0 points [−15.0, −15.0], p = 0.031, n = 8)."
    )
    text = leaders({"nc": 4, "magnitude": 0, "magnitude@nc": 1}, seeds=4)
    assert "minority recall `nc` (90.0 %), then `magnitude@nc` (65.0 %) (`nc` against" in text
    assert text.endswith("n = 4: these seeds do not tell the two apart).")


def test_ties_are_named_in_full() -> None:
    goods = dict.fromkeys(["nc", "mils-bdm", "magnitude", "magnitude@nc", "small-dense"], 2)
    names = "`nc`, `mils-bdm`, `magnitude`, `magnitude@nc` and `small-dense`"
    assert kept(goods).endswith(f"(n = 8). A tie of 5 at 40 %: {names}.")
    assert f"minority recall {names} (75.0 %)" in leaders(goods | {"random": 0})


def test_a_tie_of_all_is_told_without_their_names() -> None:
    text = leaders({"nc": 2, "magnitude": 2, "small-dense": 2}, seeds=1, refused="x")
    assert (
        "of the 3 methods, baselines and controls: minority recall the same for all (75.0 %)"
        in text
    )
    assert "`" not in text


def test_many_that_share_the_last_place_are_counted() -> None:
    goods = {"nc": 2, "magnitude": 2, "random": 2, "mils-bdm": 2, "magnitude@nc": 2}
    text = leaders(goods | {"small-dense": 4}, seeds=1, refused="x")
    assert "minority recall `small-dense` (90.0 %), then all 5 others alike (75.0 %)" in text


def test_methods_alone_have_nothing_to_stand_beside() -> None:
    area = areas(as_arms(table({"nc": 1}), "criterion", {}), ["minority_recall"], 0.8)
    assert of_leaders(area, roles({"nc": ("nc", "")}), where=OVER) == []


@pytest.mark.parametrize(
    ("goods", "end"),
    [
        (GOODS, " (n = 8). Further still: `small-dense` (80.0 %), then `magnitude@nc` (60.0 %)."),
        (
            {"nc": 3, "magnitude": 1, "random@nc": 0, "magnitude@nc": 2, "shuffled@nc": 2},
            " (n = 8). Of 3 controls the furthest: `magnitude@nc` and `shuffled@nc`, up to 40 %.",
        ),
        ({"nc": 3, "magnitude": 1, "random@nc": 0}, " (n = 8). No control keeps it at any step."),
        ({"nc": 3, "magnitude": 1}, "; `magnitude` up to 20 % removed (n = 8)."),
        ({"nc": 1, "mils-bdm": 1, "magnitude": 0}, " A tie of 2 at 20 %: `nc` and `mils-bdm`."),
        (
            {"nc": 0, "magnitude": 0, "small-dense": 2},
            "step. Further still: `small-dense` (40.0 %).",
        ),
    ],
)
def test_who_goes_further_than_the_methods(goods: dict[str, int], end: str) -> None:
    assert kept(goods).endswith(end)


def test_those_named_already_are_not_named_again() -> None:
    rows = pd.DataFrame({"method": ["nc", "magnitude"], "mean": [0.2, 0.4]})
    known = roles({"nc": ("nc", ""), "magnitude": ("magnitude", "")})
    assert of_others(rows, known, "nc", ["magnitude"]) == ""
    assert of_others(rows, known, "nc", []) == " Further still: `magnitude` (40.0 %)."
