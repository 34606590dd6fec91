"""The studies of one file on several data sets: its methods ranked over them."""

from collections.abc import Sequence

import pandas as pd

from leastloss.errors import InputError, ResourceError
from leastloss.evaluation import FEWEST, LEVEL, metric_of, rank_over, without_failed
from leastloss.experiment.compare_run.figures import laid_out
from leastloss.experiment.run_names import short_name
from leastloss.experiment.study.finished_runs import FinishedRuns, find
from leastloss.experiment.study.publish import table_of
from leastloss.experiment.study.study import Study
from leastloss.plots import ranks_figure
from leastloss.report import ARM, GROUP, Block, at_points, ranks_sentences


def several(studies: Sequence[Study]) -> bool:
    """Whether studies have more than one data set."""
    return len({study.train.dataset for study in studies}) > 1


def ranks_over(studies: Sequence[Study], code: str = "same") -> list[Block]:
    """Rank the methods that all data sets share, by the first metric of the first study.

    They are compared at the largest sparsity that all reports share, on the networks that all of
    them pruned. A data set counts once, by the mean of its studies; a study without finished runs
    does not count. One that cannot be read or lacks the metric is left out, and a sentence says so.

    Args:
        studies: Those of a file.
        code: Whose runs count, as :func:`find` takes it.

    Returns:
        Sentences and the critical-difference diagram, or one sentence where there are too few data
        sets or methods; nothing without studies.

    Raises:
        ResourceError: If the tracking store fails.
    """
    if not studies:
        return []
    metric = studies[0].report.metrics[0]
    readable, parts, notes = list[Study](), list[pd.DataFrame](), list[str]()
    for runs in (runs for study in studies if (runs := find(study, code)).children):
        try:
            parts.append(_values_of(runs, metric))
            readable.append(runs.study)
        except (InputError, ResourceError) as error:
            notes.append(f"Study `{runs.study.section}` is left out: {error}.")
    if (count := len({study.train.dataset for study in readable})) < FEWEST:
        return [no_ranks(f"{count} data sets have finished runs to rank", notes)]
    points = set.intersection(*({*study.report.sparsities} for study in readable))
    if not points:
        return [no_ranks("the reports share no sparsity", notes)]
    values = pd.concat(parts, ignore_index=True)
    scores, pairs, missed = scores_of(values[values["at"] == (at := max(points))])
    if missed:
        notes.append(
            f"Left out are {missed} of {pairs} networks (a seed of a study), which not all of the "
            "shared methods have pruned that far."
        )
    if lost := {study.train.dataset for study in readable}.difference(scores.index):
        notes.append(f"Without such a network: {', '.join(map(short_name, sorted(lost)))}.")
    if scores.shape[1] < FEWEST:
        return [no_ranks(f"the data sets share {scores.shape[1]} methods", notes)]
    if len(scores) < FEWEST:
        return [no_ranks(f"the methods share networks of {len(scores)} data sets", notes)]
    better = metric_of(metric).higher_is_better is not False
    ranking = rank_over(scores.rename(index=short_name), higher_is_better=better)
    caption = f"Mean ranks over {len(scores)} data sets: {metric_of(metric).heading}"
    figure = ranks_figure(ranking.ranks, ranking.p, alpha=LEVEL, title=caption)
    alt = f"{caption}. " + ", ".join(f"{name} {rank:.1f}" for name, rank in ranking.ranks.items())
    return [ranks_sentences(ranking, metric, at, notes), laid_out(figure, caption, alt)]


def _values_of(runs: FinishedRuns, metric: str) -> pd.DataFrame:
    study, table = runs.study, without_failed(table_of(runs), ARM)
    if metric not in table:
        raise ResourceError(f"its runs have no {metric}")
    values = at_points(table, study.report.sparsities, [metric])
    return values.assign(data_set=study.train.dataset, study=study.section)


def scores_of(values: pd.DataFrame) -> tuple[pd.DataFrame, int, int]:
    """The mean of each method that all data sets share, over the networks that all of them have.

    Args:
        values: The columns of ``ARM``, seed, value, data_set and study.

    Returns:
        A row for each data set, a column for each method; its recovery and granularity stand in its
        name where they differ. How many networks (a seed of a study) there are, and how many are
        left out, as they lack one of the methods.
    """
    label = values["method"]
    for column in GROUP:
        if values[column].nunique() > 1:
            label = label + f", {column}=" + values[column]
    keys = ["data_set", "study", "seed"]
    labelled = values.assign(label=label).groupby([*keys, "label"], sort=False)["value"].mean()
    every = labelled.unstack("label", sort=False)
    whole = every.loc[:, every.groupby("data_set").count().all()].dropna()
    means = whole.groupby(["data_set", "study"], sort=False).mean()
    scores = means.groupby("data_set", sort=False).mean()
    return scores, len(every), len(every) - len(whole)


def no_ranks(why: str, notes: Sequence[str] = ()) -> str:
    """The sentence that stands in place of ranks."""
    need = f"which need {FEWEST} data sets and {FEWEST} methods"
    return " ".join([f"No ranks over data sets, {need}: {why}.", *notes])
