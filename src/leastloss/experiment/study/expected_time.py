"""What is left of a study, and how long it will take by the runs that there are."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from statistics import mean

from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.experiment.study.study import Arm

_MINUTE = 60.0


def expected_of(finished: FinishedRuns, workers: int) -> str:
    """Cells of a study that are finished and left, and the time that past runs let expect.

    A network takes as long as those of other seeds did in the mean, and so does an arm; an arm
    that no seed has as long as the mean of the arms that there are.

    Args:
        finished: The study and its finished runs.
        workers: Processes that work at the same time.

    Returns:
        One line for the study, one for cells of other code, and one for each arm.
    """
    study = finished.study
    trained = [finished.took[run_id] for run_id in finished.dense.values()]
    took: dict[Arm, list[float]] = defaultdict(list)
    for (_, arm), run_id in finished.children.items():
        took[arm].append(finished.took[run_id])
    named = Counter(study.method(arm) for arm in study.arms)
    every = [seconds for times in took.values() for seconds in times]
    lines = [f"  {words}"] if (words := of_other_code(finished)) else []
    each = {arm: mean(took[arm] or every or [0.0]) for arm in study.arms}
    for arm in study.arms:
        method = study.method(arm)
        if named[method] > 1:  # arms that tables do not compare
            method = ", ".join(filter(None, [method, *study.group(arm)]))
        there = sum((seed, arm) in finished.children for seed in study.seeds)
        words = f", {_in_words(each[arm])} each" if took[arm] else ""
        lines.append(f"  {method}: {there} of {len(study.seeds)} finished{words}")
    networks = len(study.seeds) - len(finished.dense)
    left = len(study.seeds) * len(study.arms) - len(finished.children)
    head = (
        f"{study.section}: {left} of {len(study.seeds) * len(study.arms)} prune runs and "
        f"{networks} of {len(study.seeds)} networks are left"
    )
    if not left:
        return "\n".join([head, *lines])
    if not every or (networks and not trained):
        return "\n".join([f"{head}, time unknown", *lines])
    training = mean(trained) if trained else 0.0
    seconds, busy = _together(finished, each, training, workers)
    return "\n".join([f"{head}, about {_in_words(seconds)} with {busy} workers", *lines])


def of_other_code(finished: FinishedRuns) -> str:
    """How many cells are finished and do not count for their code, and what takes them."""
    count = len(finished.other)
    if not count:
        return ""
    return f"{count} more are finished by other code, or do not say by which: code=any takes them"


def _together(
    finished: FinishedRuns, each: Mapping[Arm, float], training: float, workers: int
) -> tuple[float, int]:
    """Seconds with so many workers, and how many of them have work.

    A job prunes one network by the arms of one call, one after the other, and waits for the
    network to be trained.
    """
    total, longest, jobs = 0.0, 0.0, 0
    for seed in finished.study.seeds:
        missing = finished.missing(seed)
        calls = [[arm for arm in call if arm in missing] for call in finished.study.calls()]
        took = [sum(each[arm] for arm in call) for call in calls if call]
        if took:
            first = 0.0 if seed in finished.dense else training
            total += first + sum(took)
            longest = max(longest, first + max(took))
            jobs += len(took)
    busy = min(workers, jobs)
    return max(total / busy, longest), busy


def _in_words(seconds: float) -> str:
    """A time as people say it.

    Example:
        >>> _in_words(42.4), _in_words(600), _in_words(9000)
        ('42 s', '10 min', '2.5 h')
    """
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    minutes = seconds / _MINUTE
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
