"""What is published where recoveries are compared with each other."""

import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.experiment.study.test_study_file import given

from leastloss.experiment.study.publish import as_files, dense_rows, figures_of
from leastloss.experiment.study.study import Study
from leastloss.experiment.study.study_file import study_of
from leastloss.report import Drawn, Image
from leastloss.report.study_page import name_of

RECOVERIES = ("adjust", "none")


@pytest.fixture
def study() -> Study:
    arms = [{"criteria": ["nc", "magnitude"], "recovery": list(RECOVERIES)}]
    report = {"recoveries": "together", "sparsities": [0.5]}
    return study_of(given(arm=arms, report=report))


@pytest.fixture
def table(study: Study) -> pd.DataFrame:
    """Two seeds of every arm, at 0 and at 50 per cent."""
    rows = []
    for arm in study.arms:
        recovery, granularity = study.group(arm)
        for seed in range(2):
            own = {"recovery": recovery, "granularity": granularity, "seed": seed}
            own |= {"method": study.method(arm), "criterion": arm.criterion, "settings": ""}
            repaired = arm.config.recovery == "adjust"
            own |= {"dense is repaired": repaired, "dense is a fair control": True}
            rows += [own | {"sparsity": at, "accuracy": at + 10 * repaired} for at in (0.0, 0.5)]
    return pd.DataFrame(rows)


def test_dense_is_the_network_as_it_was_trained(table: pd.DataFrame) -> None:
    dense = dense_rows(table)
    assert dense["seed"].tolist() == [0, 1]
    assert dense["accuracy"].tolist() == [0.0, 0.0]
    assert set(dense["method"]) == {"dense"}


def test_a_figure_names_arms_of_several_recoveries(study: Study, table: pd.DataFrame) -> None:
    assert figures_of(table, study) == [[study.method(arm) for arm in study.arms]]
    assert name_of(("", "unit")) == "Units"


def test_figures_of_a_page_become_files_beside_it() -> None:
    drawn = Drawn(figure=Figure(), caption="c", alt="a")
    blocks, files = as_files(["Words.", drawn], "docs/images/s-ranks")
    assert blocks == ["Words.", Image("../images/s-ranks.svg", "a")]
    assert list(files) == ["docs/images/s-ranks.svg"]
    assert files["docs/images/s-ranks.svg"].startswith(b"<?xml")
