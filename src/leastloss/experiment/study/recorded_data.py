"""Finished runs of a study are of the data that its file names today."""

from leastloss.data import own_name
from leastloss.errors import ResourceError
from leastloss.experiment.dense import same_data
from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.experiment.train import data_of


def check_data(finished: FinishedRuns) -> None:
    """Refuse networks that were trained on other data of the same name.

    Runs are found by their parameters, and a user's own file may have changed under its name. The
    named data sets are verified when they are read.

    Raises:
        ResourceError: If the data of a network are not those that are there now.
    """
    study = finished.study
    for seed, run_id in finished.dense.items():
        config = study.network(seed)
        if own_name(config.dataset) is None:
            return
        try:
            same_data(run_id, data_of(config))
        except ResourceError as error:
            raise ResourceError(
                f"{error}; delete the runs of experiment {study.section!r}, or bring the data back"
            ) from error
