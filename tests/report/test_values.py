"""What is chosen and measured of paths, and what the page is refused for."""

import pandas as pd
import pytest
from tests.report.pages import steps, whole_page

from leastloss.errors import InputError
from leastloss.report.comparison import Comparison, sections_of
from leastloss.report.cost import cost_section
from leastloss.report.noise import robustness_section
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


def test_a_cell_of_another_sparsity_says_so_and_one_too_far_is_empty() -> None:
    table = pd.DataFrame(
        {"criterion": name, "seed": seed, "sparsity": p, "accuracy": 0.9 - seed / 10}
        for name, own in {"nc": [0.9, 0.99], "units": [0.893, 0.985]}.items()
        for seed in range(3)
        for p in [0.0, *own]
    )
    given = {"table": table, "title": "t", "command": "c", "metrics": ["accuracy"]}
    _, _, headline, *_, paired, _ = sections_of(Comparison(**given, at=(0.9, 0.99)))  # type: ignore[arg-type]
    cells = headline.grids[1].rows
    assert [cell.small for cell in cells["nc"]] == ["70.0–90.0"] * 2
    assert cells["units"][0].small == "70.0–90.0\nat 89.3 %"
    assert (cells["units"][1].value, cells["units"][1].small) == ("–", "")
    (grid,) = paired.grids  # units minus nc
    assert grid.head[-1] == "at 90 %"  # at 99 % there is no pair
    assert grid.rows["units"][-1].small.endswith("at 89.3 % and 90 %")


def test_a_run_that_ends_early_has_no_area_further_on() -> None:
    table = pd.DataFrame(
        {"criterion": name, "seed": 0, "sparsity": p, "accuracy": 1.0}
        for name, end in (("nc", 0.9), ("random", 0.5))
        for p in (0.0, end)
    )
    assert end_of(table, "criterion") == 0.5
    found = areas(as_arms(table, "criterion", {}), ["accuracy"], 0.9)
    assert found[["method", "value"]].values.tolist() == [["nc", 1.0]]


def test_seconds_of_scoring_are_added_up_and_shared_out() -> None:
    table = steps(seeds=2)
    section = cost_section(as_arms(table, "criterion", {}), ["nc"], {"nc": []})
    whole, each = section.grids[0].rows["nc"]
    assert whole.value == "1.4"  # seven steps of 0.2 s
    assert each.value == "1,474"  # 1.4 s for 950 parts, in microseconds


def test_where_a_network_failed_there_is_no_mean() -> None:
    table = pd.DataFrame(
        {"network": network, "model": "nc", "corruption": kind, "severity": s, "flip_rate": 0.25}
        | {"failed": "broke" if (network, kind, s) == ("1", "shot", 5) else ""}
        for network in "01"
        for kind in ("shot", "blur")
        for s in (1, 5)
    )
    section = robustness_section(table)
    failed, fine = section.grids[0].rows["nc"]
    assert (failed.value, failed.small, failed.shade) == ("–", "failed", None)
    assert (fine.value, fine.small) == ("25.0", "")
    assert section.notes == ["Failed, so that no mean is given: `nc` under shot (broke)."]


def test_networks_count_once_and_those_that_lack_are_named() -> None:
    rows = [("0", "dense", 0.1), ("1", "dense", 0.3), ("0", "nc", 0.2), ("0", "nc", 0.4)]
    table = pd.DataFrame(
        {"network": network, "model": model, "corruption": "shot", "severity": 1, "flip_rate": flip}
        for network, model, flip in rows  # network 0 was pruned twice
    )
    lacking = {"1": ["random"], "2": ["nc", "random"], "3": ["nc", "random"]}
    section = robustness_section(table, lacking=lacking, command="make it")
    grid = section.grids[0]
    assert [(cell.value) for cell in grid.rows["dense"]] == ["20.0", "2"]
    assert [(cell.value) for cell in grid.rows["nc"]] == ["30.0", "1"]
    assert list(grid.head) == ["shot", "n"]
    assert "`random` of seed 1; all methods of seeds 2, 3. The command" in section.lead[1]
    assert section.code == {"robustness": "make it"}
    alike = robustness_section(table.assign(network="0"))
    assert alike.grids[0].caption.endswith("n = 1")
    assert (alike.code, len(alike.lead)) == ({}, 1)


def test_a_run_without_a_corruption_error_is_not_averaged_away() -> None:
    rows = {"corruption": "shot", "severity": 1, "flip_rate": 0.25, "failed": ""}
    table = pd.DataFrame(
        {"network": run, "model": model, "sparsity": 0.95 * (model == "nc")} | rows
        for run in "ab"
        for model in ("dense", "nc")
    )
    errors = pd.DataFrame(
        {"network": run, "model": model, "mce": mce, "relative_mce": relative}
        for run, model, mce, relative in (
            ("a", "dense", 1.0, 1.0),
            ("b", "dense", 1.0, 1.0),
            ("a", "nc", 1.25, -0.5),
            ("b", "nc", float("nan"), -0.25),
        )
    )
    section = robustness_section(table, errors)
    cells = [cell.value for cell in section.grids[1].rows["nc"]]
    assert cells == ["–", "−0.375"]
    assert section.lead[0].endswith("Of the pruned networks 95 % are removed.")
    assert "chance" in section.notes[0]


def test_without_a_robustness_run_its_command_is_named() -> None:
    section = robustness_section(None, command="mlflow run . -e robustness")
    assert section.code == {"robustness": "mlflow run . -e robustness"}


def test_a_run_without_the_metric_is_named() -> None:
    table = steps(seeds=2)
    table.loc[(table["criterion"] == "nc") & (table["seed"] == 1), "accuracy"] = float("nan")
    with pytest.raises(InputError, match="the run of 'nc' with seed 1 has no accuracy"):
        whole_page(table=table, figures={})


def test_tests_of_two_seeds_are_shown_only_if_asked_for() -> None:
    refusal = "n = 2: a claim needs 3 seeds or more"
    refused = whole_page(seeds=2, figures={})
    assert refusal in refused
    assert "corrected by Holm" not in refused
    asked = whole_page(seeds=2, figures={}, few_seeds=True)
    assert refusal not in asked
    assert "corrected by Holm" in asked
    assert "p = 1" in asked  # 2 / 2**2, times six methods
