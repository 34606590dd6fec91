"""What a search chose, in words and in the sweep's run."""

import json
from dataclasses import replace
from pathlib import Path

from mlflow import MlflowClient
from tests.experiment.study.test_search_space import given
from tests.report.pages import steps

from leastloss import tracking
from leastloss.experiment.study.search_report import log_search, search_facts, with_search
from leastloss.experiment.study.study import Choice, Study
from leastloss.report import Comparison


def searched() -> Study:
    study = given(space={"ridge": {"low": 0.1, "high": 1.0}})
    nc = Choice(
        method="nc:protect=0.5", values=(("ridge", 0.123456),), trials=4, failed=1, value=0.5
    )
    magnitude = Choice(method="magnitude", values=(), lacking=("ridge",), trials=4, value=0.25)
    follower = Choice(method="random@magnitude", values=())
    return replace(study, chosen=(nc, magnitude, follower, replace(nc, method="nc", failed=0)))


def test_the_report_tells_options_trials_and_what_an_arm_does_not_have() -> None:
    (text,) = search_facts(searched()).values()
    assert text == (
        "`ridge`: chosen for each arm by 4 trials, by accuracy on validation samples at 60 % "
        "removed, seed 0; test samples had no part in it. "
        "`nc:protect=0.5`: ridge 0.1235; 1 of 4 trials failed / "
        "`magnitude`: nothing to choose; it has no ridge / "
        "`random@magnitude`: as the arm that it follows: nothing to choose / `nc`: ridge 0.1235"
    )
    assert search_facts(given()) == {}


def test_the_page_has_a_table_of_what_was_chosen() -> None:
    plain = Comparison(table=steps(2, ["nc", "magnitude"]), title="t", command="c")
    page = with_search(plain, searched())
    (grid,) = page.tables
    assert [cell.value for cell in grid.rows["magnitude"]][1:] == ["4", "25.0"]
    assert [cell.value for cell in grid.rows["random@magnitude"]][1:] == ["–", "–"]
    assert page.notes[-1].endswith("see the table at the end.")
    assert with_search(plain, given()) is plain


def test_the_run_holds_all_of_it(store: MlflowClient) -> None:
    with tracking.run("sweep", "sweep", {}, exports=False) as run_id:
        log_search(run_id, given())
        log_search(run_id, searched())
    tags = store.get_run(run_id).data.tags
    assert tags["leastloss.search.trials"] == "4"
    assert tags["leastloss.search.metric"] == "val/accuracy"
    chosen = json.loads(Path(store.download_artifacts(run_id, "search.json")).read_text())
    assert chosen[0]["options"] == {"ridge": 0.123456}
    assert (chosen[1]["lacking"], chosen[2]["val_accuracy"]) == (["ridge"], None)
