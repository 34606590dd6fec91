"""The studies of one file on several data sets: its methods ranked over them."""

from collections.abc import Sequence

import pandas as pd

from leastloss.evaluation import FEWEST, LEVEL, metric_of, rank_over, without_failed
from leastloss.experiment.compare_run.figures import laid_out
from leastloss.experiment.run_names import short_name
from leastloss.experiment.study.finished_runs import find
from leastloss.experiment.study.publish import table_of
from leastloss.experiment.study.study import Study
from leastloss.plots import ranks_figure
from leastloss.report import ARM, GROUP, Block, at_points, ranks_sentences


def several(studies: Sequence[Study]) -> bool:
    """Whether studies have more than one data set."""
    return len({study.train.dataset for study in studies}) > 1


def ranks_over(studies: Sequence[Study]) -> list[Block]:
    """Rank the methods that all data sets share, by the first metric of the first study.

    They are compared at the largest sparsity that all reports share. A data set counts once, by the
    mean of its studies; a study without finished runs does not count.

    Returns:
        Sentences and the critical-difference diagram, or one sentence where there are too few data
        sets or methods.
    """
    metric = studies[0].report.metrics[0]
    finished = [runs for runs in map(find, studies) if runs.children]
    data_sets = {runs.study.train.dataset for runs in finished}
    if len(data_sets) < FEWEST:
        return [_no_ranks(f"{len(data_sets)} data sets have finished runs")]
    points = set.intersection(*({*runs.study.report.sparsities} for runs in finished))
    if not points:
        return [_no_ranks("the reports share no sparsity")]
    at, parts = max(points), []
    for runs in finished:
        values = at_points(without_failed(table_of(runs), ARM), [at], [metric])
        parts.append(values.assign(data_set=runs.study.train.dataset, study=runs.study.section))
    scores = scores_of(pd.concat(parts, ignore_index=True)).rename(index=short_name)
    if scores.shape[1] < FEWEST:
        return [_no_ranks(f"the data sets share {scores.shape[1]} methods")]
    better = metric_of(metric).higher_is_better is not False
    ranking = rank_over(scores, higher_is_better=better)
    caption = f"Mean ranks over {len(scores)} data sets: {metric_of(metric).heading}"
    figure = ranks_figure(ranking.ranks, ranking.p, alpha=LEVEL, title=caption)
    alt = f"{caption}. " + ", ".join(f"{name} {rank:.1f}" for name, rank in ranking.ranks.items())
    return [ranks_sentences(ranking, metric, at), laid_out(figure, caption, alt)]


def scores_of(values: pd.DataFrame) -> pd.DataFrame:
    """The mean of each method that all data sets share.

    Args:
        values: The columns of ``ARM``, seed, value, data_set and study.

    Returns:
        A row for each data set, a column for each method; its recovery and granularity stand in its
        name where they differ.
    """
    label = values["method"]
    for column in GROUP:
        if values[column].nunique() > 1:
            label = label + f", {column}=" + values[column]
    labelled = values.assign(label=label)
    means = labelled.groupby(["data_set", "study", "label"], sort=False)["value"].mean()
    table = means.groupby(["data_set", "label"], sort=False).mean().unstack("label")
    return table.dropna(axis=1)


def _no_ranks(why: str) -> str:
    return f"No ranks over data sets, which need {FEWEST} data sets and {FEWEST} methods: {why}."
