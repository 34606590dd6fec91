"""Single numbers of a run."""

import pandas as pd

from leastloss.report.values import areas, as_arms, end_of, points_for


def paths(**steps: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"criterion": name, "sparsity": p} for name, own in steps.items() for p in [0.0, *own]
    )


def test_points_near_the_end_are_not_read_off_from_afar() -> None:
    # 98.5 % is half again as many weights as 99 %: another network, and a column of its own.
    assert points_for(paths(nc=[0.9, 0.985])) == (0.9, 0.985)
    many = paths(nc=[0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.985, 0.99])
    assert points_for(many) == (0.7, 0.8, 0.9, 0.95, 0.99)


def test_columns_are_what_half_of_the_methods_measured() -> None:
    far = [0.95, 0.98, 0.99, 0.995, 0.998]
    table = paths(a=[0.4, 0.5, 0.6], b=[0.5, 0.6, 0.65], c=far, d=[0.5])
    # One of four goes beyond 65 %. 60 % is two of four's; 40 and 65 % are one's.
    assert points_for(table) == (0.5, 0.6)
    assert points_for(paths(a=[0.12], b=[0.33], c=[0.44], d=[0.77])) == (0.12, 0.33, 0.44, 0.77)
    assert points_for(paths(a=[], b=[])) == (0.0,)
    # What nobody measured heads no column, though a step lies near.
    assert points_for(paths(a=[0.3167, 0.475, 0.95])) == (0.3167, 0.475, 0.95)


def test_a_run_that_ends_early_has_no_area_further_on() -> None:
    table = pd.DataFrame(
        {"criterion": name, "seed": 0, "sparsity": p, "accuracy": 1.0}
        for name, end in (("nc", 0.9), ("random", 0.5))
        for p in (0.0, end)
    )
    assert end_of(table, "criterion") == 0.5
    found = areas(as_arms(table, "criterion", {}), ["accuracy"], 0.9)
    assert found[["method", "value"]].values.tolist() == [["nc", 1.0]]
