"""The recipe of the entry point ``sweep``: make a study's missing runs, and publish it."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote

import click
from tqdm import tqdm

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.errors import InputError, ResourceError, choose
from leastloss.experiment.commands import command
from leastloss.experiment.compare_run.compare import PAGE, comparison_of, log_page
from leastloss.experiment.compare_run.runs_table import compared
from leastloss.experiment.config import PruneConfig, SweepConfig
from leastloss.experiment.prune_run.choices import choices
from leastloss.experiment.prune_run.dry_run import rehearse
from leastloss.experiment.study.cell_jobs import prune_missing, train_once, with_leaders
from leastloss.experiment.study.dask_workers import DaskWorkers
from leastloss.experiment.study.data_sets import no_ranks, ranks_over, several
from leastloss.experiment.study.expected_time import expected_of, of_other_code
from leastloss.experiment.study.finished_runs import FinishedRuns, find
from leastloss.experiment.study.local_workers import LocalWorkers
from leastloss.experiment.study.lost_runs import check_data, close_lost
from leastloss.experiment.study.publish import RESULTS, publish
from leastloss.experiment.study.search import as_chosen, run_search, searches_of
from leastloss.experiment.study.search_report import log_search, with_search
from leastloss.experiment.study.study import Arm, Study, prune_config
from leastloss.experiment.study.study_file import read_studies, seeds_of
from leastloss.experiment.study.worker_pool import Job, Workers, run_jobs
from leastloss.experiment.train import untrained
from leastloss.options import names, numbers, parameters
from leastloss.report import Block, Comparison

_READ_EVERY = 100  # runs


def check(config: SweepConfig, written: tuple[Study, ...]) -> tuple[Study, ...]:
    """Choose the studies, and do a dry run of their missing runs on untrained networks."""
    if config.out and Path(config.out).exists() and not Path(config.out).is_dir():
        raise InputError(f"out is {config.out!r}, which is no folder")
    if config.scheduler and config.backend != "dask":
        raise InputError(f"scheduler is {config.scheduler!r}, and backend is not dask")
    studies = _chosen(written, config)
    for study in studies if config.report != "only" else ():
        _try(study if _trials_left(study, config) else _with_choices(study, config), config)
    return studies


def _trials_left(study: Study, config: SweepConfig) -> int:
    return sum(search.left for search in searches_of(study, config.file, _code(config)))


def _with_choices(study: Study, config: SweepConfig) -> Study:
    """The study with what its search chose."""
    return as_chosen(study, config.file, _code(config))


def _finished(study: Study, config: SweepConfig) -> FinishedRuns:
    """The finished runs that count."""
    return find(study, _code(config))


def _code(config: SweepConfig) -> str:
    """Whose runs count; a page alone takes what there is."""
    return "any" if config.report == "only" else config.code


def _try(study: Study, config: SweepConfig) -> None:
    finished = _finished(study, config)
    check_data(finished)
    seed = next((seed for seed in study.seeds if finished.missing(seed)), None)
    if seed is None:
        return
    # This also downloads the data before the workers start, so that no two of them do.
    start = untrained(study.network(seed))
    for arms in study.calls():
        pruning = prune_config(study, seed, arms, "")
        rehearse(pruning, choices(pruning), start.model, start.data)


def sweep(config: SweepConfig) -> None:
    """Make the missing runs of a file's studies, then publish the results.

    Raises:
        InputError: If the experiment file or a flag is wrong.
        ResourceError: If data or tracking store fail, or a job failed; finished runs are kept.
    """
    written = read_studies(config.file, config.override)
    if config.dry_run == "yes":
        studies, count = _chosen(written, config), _count(config)
        for study in studies:
            left = _trials_left(study, config)
            if left:
                click.echo(f"{study.section}: {left} trials of its search are left")
            shown = study if left else _with_choices(study, config)
            check_data(finished := _finished(shown, config))
            click.echo(expected_of(finished, count))
        return
    failed, published = [], []
    for study in (studies := check(config, written)):
        command = _command(study, config, grid=len(written) > 1)
        try:
            run_id = _sweep(study, config, command)
            published.append((study, run_id, command))
        except ResourceError as error:
            if len(studies) == 1:
                raise
            click.echo(f"{study.section}: {error}", err=True)
            failed.append(study.section)
    if config.report != "no" and published and several(written):
        failed += _publish_ranks(published, _seeded(written, config), config)
    if failed:
        raise ResourceError(f"not complete, for the reasons listed above: {', '.join(failed)}")


def _chosen(studies: tuple[Study, ...], config: SweepConfig) -> tuple[Study, ...]:
    """The studies and seeds that the flags select."""
    sections = [study.section for study in studies]
    wanted = [choose("section", name, sections) for name in names(config.sections)] or sections
    return _seeded(tuple(study for study in studies if study.section in wanted), config)


def _seeded(studies: tuple[Study, ...], config: SweepConfig) -> tuple[Study, ...]:
    """The studies with the seeds that the flags select."""
    if not config.seeds:
        return studies
    seeds = seeds_of(list(numbers(config.seeds, int, "seeds")))
    return tuple(replace(study, seeds=seeds) for study in studies)


def _publish_ranks(
    published: Sequence[tuple[Study, str, str]], written: Sequence[Study], config: SweepConfig
) -> list[str]:
    """Publish studies again, with the ranks of their methods over all data sets of the file.

    Returns:
        The sections that could not be published again.
    """
    ranks: list[Block]
    try:
        complete = [study for study in written if not _trials_left(study, config)]
        ranks = ranks_over([_with_choices(study, config) for study in complete], _code(config))
    except (InputError, ResourceError) as error:  # of studies that this sweep may not have chosen
        ranks = [no_ranks(str(error))]
    failed = []
    for study, run_id, words in published:
        try:
            _publish(_with_choices(study, config), config, run_id, words, ranks)
        except (InputError, ResourceError) as error:
            click.echo(f"{study.section}: {error}", err=True)
            failed.append(study.section)
    return failed


def _sweep(study: Study, config: SweepConfig, command: str) -> str:
    """Make the missing runs of one study, and publish its results; returns the sweep's run."""
    if config.report == "only":
        study = _with_choices(study, config)
    if config.report == "only" and not _finished(study, config).children:
        raise ResourceError(f"there is no finished run of {study.section!r} to report")
    tracking.ensure_experiment(study.section)
    with tracking.run(
        "sweep", f"sweep · {study.section}", parameters(config), exports=False
    ) as run_id:
        if study.search and config.report != "only":
            study = _searched(study, config)
        log_search(run_id, study)
        failed = [] if config.report == "only" else run_missing(study, config)
        for line in failed:
            click.echo(line, err=True)
        finished = _finished(study, config)
        if config.report != "only":
            close_lost(finished, parameters(config))
        if config.report != "no" and (finished.children or not failed):
            _publish(study, config, run_id, command)
        if failed:
            raise ResourceError(
                f"{len(failed)} of the sweep's jobs failed, listed above; the same command again "
                "does what is missing"
            )
    click.echo(f"sweep run: {run_id}")
    return run_id


def _searched(study: Study, config: SweepConfig) -> Study:
    """The study with its options chosen, after the trials that are missing."""
    if _trials_left(study, config):
        networks = replace(study, seeds=study.searched_seeds, arms=())
        dense = _finished(networks, config).dense
        jobs = [_training(networks, seed) for seed in study.searched_seeds if seed not in dense]
        if jobs:
            workers = _workers(config, len(jobs), tracking.worker_environment(study.section))
            errors = [done.error for done in run_jobs(jobs, workers) if done.error]
            if errors:
                raise ResourceError(f"no network to search on: {errors[0]}")
        dense = _finished(networks, config).dense
        run_search(study, config.file, dense, partial(_workers, config), _code(config))
    return _with_choices(study, config)


def _command(study: Study, config: SweepConfig, *, grid: bool) -> str:
    """The command that reproduces this study's runs and page."""
    command = f"mlflow run . -e sweep -P file={_shown(config.file, Path(config.out or '.'))}"
    command += f" -P sections={study.section}" if grid else ""
    return f"{command} -P override={quote(config.override)}" if config.override else command


def _publish(
    study: Study, config: SweepConfig, run_id: str, command: str, ranks: Sequence[Block] = ()
) -> None:
    finished = _finished(study, config)
    for path in publish(finished, Path(config.out or "."), command, ranks):
        click.echo(f"written: {path}")
        if path.name != RESULTS:
            tracking.log_bytes(run_id, path.read_bytes(), path.name)
    log_page(run_id, with_search(study_page(finished, command, ranks), study), PAGE)


def study_page(finished: FinishedRuns, command: str, ranks: Sequence[Block] = ()) -> Comparison:
    """The study as a page of ``compare``, with its own metrics, sparsities and references."""
    report = finished.study.report
    steps = compared(list(finished.runs.values()))
    criteria = {label.criterion for label in steps.labels.values()}
    page = comparison_of(
        steps,
        report.metrics,
        at=[point for point in report.sparsities if point],
        against=[name for name in report.against if name in criteria | steps.labels.keys()],
        title=finished.study.title,
        command=f"{command} -P report=only",
    )
    return replace(page, ranks=ranks)


def _shown(file: str, out: Path) -> str:
    """The path of the experiment file relative to the repository, else its name."""
    path = Path(file).resolve()
    for folder in (Path.cwd(), out.resolve()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name


def run_missing(study: Study, config: SweepConfig) -> list[str]:
    """Make the missing runs; returns a line for every job that failed."""
    finished = _finished(study, config)
    total = len(study.seeds) * len(study.arms)
    missing = {seed: finished.missing(seed) for seed in study.seeds}
    todo = sum(len(arms) for arms in missing.values())
    click.echo(f"{study.section}: {total - todo} of {total} prune children are there, {todo} to do")
    if finished.other:
        click.echo(of_other_code(finished))
    jobs = [job for seed in study.seeds if missing[seed] for job in _jobs(study, seed, finished)]
    if not jobs:
        return []
    workers = _workers(config, todo, tracking.worker_environment(study.section))
    failed, ended = [], 0
    with tqdm(total=todo, desc=study.section, unit="run", disable=None) as bar:
        for done in run_jobs(jobs, workers):
            if done.error:
                failed.append(f"{done.job.name}: {done.error}\n  again: {_again(done.job, study)}")
            elif not done.job.then:
                pruning, arms, *_ = done.job.arguments
                count = len({*arms} & {*missing[pruning.seed]})
                bar.update(count)
                if (ended + count) // _READ_EVERY > ended // _READ_EVERY:
                    _remember(study)
                ended += count
            if bar.disable:
                outcome = "FAILED" if done.error else f"{done.seconds:.0f} s"
                click.echo(f"{done.job.name}: {outcome}")
    return failed


def _remember(study: Study) -> None:
    """Read what is finished, so that a sweep that is killed leaves little to read."""
    with contextlib.suppress(ResourceError):  # the next decision reads it then
        tracking.remember("criterion", study.section)


def _workers(config: SweepConfig, todo: int, environment: Mapping[str, str]) -> Workers:
    if config.backend == "dask":
        return DaskWorkers(config.scheduler, environment)
    return LocalWorkers(min(_count(config), todo), environment)


def _count(config: SweepConfig) -> int:
    """How many workers there are."""
    if config.backend != "dask":
        return config.workers or os.cpu_count() or 1
    workers = DaskWorkers(config.scheduler, {})
    try:
        return workers.size()
    finally:
        workers.close()


def _again(job: Job, study: Study) -> str:
    """The command that does a job alone; its runs count in the study."""
    config = job.arguments[0]
    words = command("prune" if isinstance(config, PruneConfig) else "train", parameters(config))
    return f"{words} --experiment-name {quote(study.section)}"


def _jobs(study: Study, seed: int, finished: FinishedRuns) -> list[Job]:
    """Train the network of a seed unless a run has it, then prune it by the missing arms."""
    arms = finished.missing(seed)
    prunings = partial(_prunings, study, seed, arms)
    if seed in finished.dense:
        return prunings(finished.dense[seed])
    return [replace(_training(study, seed), then=prunings)]


def _training(study: Study, seed: int) -> Job:
    arguments = study.network(seed), study.section, code_digest()
    return Job(name=f"seed {seed}, train", work=train_once, arguments=arguments)


def _prunings(study: Study, seed: int, missing: Sequence[Arm], run_id: str) -> list[Job]:
    jobs = []
    for call in study.calls():
        arms = with_leaders(call, [arm for arm in call if arm in missing])
        if arms:
            config = prune_config(study, seed, arms, run_id)
            words = [f"seed {seed}", *(arm.criterion for arm in arms if arm in missing)]
            words += [f"{key}={getattr(config, key)}" for key in study.varied()]
            arguments = config, arms, study.section, code_digest()
            jobs.append(Job(name=", ".join(words), work=prune_missing, arguments=arguments))
    return jobs
