"""Choosing the options of a study's arms by validation, before its cells are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.prune import prune
from leastloss.experiment.study.cell_jobs import check_code
from leastloss.experiment.study.search_space import chooses_repair, following, follows
from leastloss.experiment.study.study import Arm, Choice, Study, prune_config
from leastloss.experiment.study.trial_runs import TrialRuns, experiment_of, measured
from leastloss.experiment.study.worker_pool import KILLED, Job, Workers, run_jobs

if TYPE_CHECKING:
    from leastloss.experiment.study.arm_search import ArmSearch, Attempt


def searches_of(study: Study, file: str, code: str = "same") -> list[ArmSearch]:
    """The search of every arm that follows no other; none where the study has no search.

    The trials are kept in the tracking store if that is a database, else beside the study's file;
    those that are not there, and that runs of the store hold, are taken from these.

    Args:
        study: The study.
        file: Its file.
        code: ``same`` takes trials of the present code alone; ``any`` those of other code for an
            arm that has all of them by that code, and not by the present one.

    Raises:
        InputError: If Optuna is not installed.
        ResourceError: If the database fails.
    """
    if study.search is None:
        return []
    try:
        from leastloss.experiment.study import arm_search
    except ImportError as error:
        raise InputError(
            "the file has [search], which needs Optuna: pip install 'leastloss[search]'"
        ) from error
    beside = f"sqlite:///{Path(file).with_suffix('.search.db')}"
    with arm_search.database_errors():
        database = arm_search.database_of(study.search.storage or tracking.database() or beside)
        runs, counting = TrialRuns(study, code), []
        for arm in (arm for arm in study.arms if not follows(arm)):
            by_code = (
                arm_search.ArmSearch(study, arm, database, by, runs.networks_of_others(by))
                for by in runs.codes
            )
            searches = map(runs.catch_up, by_code)
            search = next(searches)  # that of the present code
            if search.left:
                search = next((other for other in searches if not other.left), search)
            counting.append(search)
        return counting


def as_chosen(study: Study, file: str, code: str = "same") -> Study:
    """The study with the options that its search chose; one without a search as it is.

    Raises:
        ResourceError: If trials are missing, or all those of an arm failed.
    """
    searches = searches_of(study, file, code)
    if left := sum(search.left for search in searches):
        raise ResourceError(f"{left} trials of the search of {study.section!r} are missing")
    return with_choices(study, {s.arm: s.best() for s in searches}) if searches else study


def with_choices(study: Study, best: Mapping[Arm, tuple[Arm, Choice]]) -> Study:
    """A study whose arms have what was chosen; arms that follow others have what those have."""
    arms = {arm: chosen for arm, (chosen, _) in best.items()}
    choices = {arm: choice for arm, (_, choice) in best.items()}
    for arm in sorted(filter(follows, study.arms), key=lambda arm: arm.spec.count("@")):
        _, _, label = arm.criterion.partition("@")
        leader = next(a for a in arms if (a.criterion, a.config) == (label, arm.config))
        arms[arm] = following(arm, arms[leader])
        choices[arm] = Choice(method=study.method(arm), values=choices[leader].values)
    chosen = replace(study, arms=tuple(arms[arm] for arm in study.arms))
    if chooses_repair(study):  # each arm may have another one: they are compared all the same
        chosen = replace(chosen, report=replace(study.report, recoveries="together"))
    names: dict[str, list[str]] = {}
    for arm in study.arms:
        names.setdefault(arm.criterion, []).append(arms[arm].criterion)
        names.setdefault(study.method(arm), []).append(chosen.method(arms[arm]))

    def renamed(group: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(new for old in group for new in names.get(old, [old])))

    report = replace(
        chosen.report,
        against=renamed(study.report.against),
        figures=tuple(renamed(group) for group in study.report.figures),
        spread=tuple((name, renamed(group)) for name, group in study.report.spread),
    )
    return replace(chosen, report=report, chosen=tuple(choices[arm] for arm in study.arms))


def run_search(
    study: Study,
    file: str,
    dense: Mapping[int, str],
    start: Callable[[int, Mapping[str, str]], Workers],
    code: str = "same",
) -> None:
    """Run the trials that are missing, as prune runs of the experiment SECTION-search.

    Args:
        study: The study.
        file: Its file.
        dense: Seed -> the run that trained its network, of all seeds of the search.
        start: Makes workers for so many jobs with an environment.
        code: Whose trials count, as in :func:`searches_of`.

    Raises:
        ResourceError: If a worker has other code, or is lost with its machine.
    """
    from leastloss.experiment.study.arm_search import database_errors

    experiment, searches = experiment_of(study), searches_of(study, file, code)
    tracking.ensure_experiment(experiment)
    environment = tracking.worker_environment(experiment)
    runs = {seed: dense[seed] for seed in study.searched_seeds}
    finished = TrialRuns(study, code)
    left = sum(search.left for search in searches)
    click.echo(f"{study.section}: {left} trials of its search to do")
    with database_errors():
        while jobs := [job for search in searches for job in _next(study, search, runs, finished)]:
            for done in run_jobs(jobs, start(len(jobs), environment)):
                if not done.error or done.job.then is None:
                    continue
                if not done.error.startswith(KILLED):  # no fault of the trial, which is still to do
                    raise ResourceError(f"{done.job.name}: {done.error}")
                done.job.then((None, done.error))  # what follows is of the next round


def _next(
    study: Study, search: ArmSearch, runs: Mapping[int, str], finished: TrialRuns
) -> list[Job]:
    """The next trial of an arm as a job, which the one after it follows; none at the end."""
    attempt = search.next()
    if attempt is None:
        return []
    configs = []
    for seed, run_id in runs.items():
        config = prune_config(study, seed, [attempt.arm], run_id)
        configs.append(replace(config, artifacts="light"))
    return [
        Job(
            name=f"search of {search.method}, trial {attempt.number}",
            work=tried,
            arguments=(configs, search.search.metric, search.search.sparsity, code_digest()),
            then=partial(_ended, study, search, runs, finished, attempt),
        )
    ]


def _ended(
    study: Study,
    search: ArmSearch,
    runs: Mapping[int, str],
    finished: TrialRuns,
    attempt: Attempt,
    outcome: tuple[float | None, str],
) -> list[Job]:
    value, error = outcome
    search.tell(attempt, value)
    if error:
        click.echo(f"search of {search.method}, trial {attempt.number} failed: {error}", err=True)
    finished.catch_up(search)  # those behind one without a run may have theirs
    return _next(study, search, runs, finished)


def tried(
    configs: Sequence[PruneConfig], metric: str, sparsity: float, code: str
) -> tuple[float | None, str]:
    """In a worker: the mean of a metric over networks, or None and why there is none.

    Raises:
        ResourceError: If the worker has other code than the sweep, whose digest is given.
    """
    check_code(code)
    try:
        return measured([prune(config) for config in configs], metric, sparsity)
    except Exception as error:  # a trial may fail in any way; the next one goes on
        return None, " ".join(str(error).split()) or type(error).__name__
