"""Networks and corruptions as tables."""

import pandas as pd

from leastloss.report.noise import robustness_section
from leastloss.report.sections import Commands, Grid


def test_where_a_network_failed_there_is_no_mean() -> None:
    table = pd.DataFrame(
        {"network": network, "model": "nc", "corruption": kind, "severity": s, "flip_rate": 0.25}
        | {"failed": "broke" if (network, kind, s) == ("1", "shot", 5) else ""}
        for network in "01"
        for kind in ("shot", "blur")
        for s in (1, 5)
    )
    section = robustness_section(table)
    failed, fine = section.all(Grid)[0].rows["nc"]
    assert (failed.value, failed.small, failed.shade) == ("–", "failed", None)
    assert (fine.value, fine.small) == ("25.0", "")
    assert section.all(str)[1:] == ["Failed, so that no mean is given: `nc` under shot (broke)."]


def test_networks_count_once_and_those_that_lack_are_named() -> None:
    rows = [("0", "dense", 0.1), ("1", "dense", 0.3), ("0", "nc", 0.2), ("0", "nc", 0.4)]
    table = pd.DataFrame(
        {"network": network, "model": model, "corruption": "shot", "severity": 1, "flip_rate": flip}
        for network, model, flip in rows  # network 0 was pruned twice
    )
    lacking = {"1": ["random"], "2": ["nc", "random"], "3": ["nc", "random"]}
    section = robustness_section(table, lacking=lacking, command="make it")
    grid = section.all(Grid)[0]
    assert [(cell.value) for cell in grid.rows["dense"]] == ["20.0", "2"]
    assert [(cell.value) for cell in grid.rows["nc"]] == ["30.0", "1"]
    assert list(grid.head) == ["shot", "n"]
    assert "`random` of seed 1; all methods of seeds 2, 3. The command" in section.all(str)[1]
    assert section.all(Commands) == [Commands({"robustness": "make it"})]
    alike = robustness_section(table.assign(network="0"))
    assert alike.all(Grid)[0].caption.endswith("n = 1")
    assert (alike.all(Commands), len(alike.all(str))) == ([], 1)


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
    cells = [cell.value for cell in section.all(Grid)[1].rows["nc"]]
    assert cells == ["–", "−0.375"]
    assert section.all(str)[0].endswith("Of the pruned networks 95 % are removed.")
    assert "chance" in section.all(str)[1]


def test_without_a_robustness_run_its_command_is_named() -> None:
    section = robustness_section(None, command="mlflow run . -e robustness")
    assert section.all(Commands) == [Commands({"robustness": "mlflow run . -e robustness"})]
