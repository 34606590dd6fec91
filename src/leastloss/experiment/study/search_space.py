"""Which options of a study's arms are chosen by validation: the table ``[search]`` of its file."""

from collections.abc import Mapping
from dataclasses import Field, replace
from itertools import product
from typing import Any

from leastloss.criteria import as_criterion
from leastloss.errors import InputError, choose
from leastloss.evaluation import metric_of, name_of, reach_of
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.option_checks import check_metrics
from leastloss.experiment.prune_run.choices import choices
from leastloss.experiment.study.study import Arm, Range, Search, Study
from leastloss.experiment.study.toml_tables import share, table, typed, values_of
from leastloss.options import fields_of
from leastloss.pruning import RECOVERIES, Chain, Recovery, as_recovery
from leastloss.specs import options_of, read_options, split_spec

MOST_TRIALS = 10_000
_KEYS = ("trials", "metric", "sparsity", "seeds", "storage", "space")
_OF_RANGE = ("low", "high", "log")
_VALIDATION = "val_"


def plan_options() -> dict[str, Field[Any]]:
    """The keys of [prune], [[arm]] and [search.space]; controls are arms of their own."""
    others = {*fields_of(PruneConfig, "runs"), *fields_of(TrainConfig)}
    return {name: field for name, field in fields_of(PruneConfig).items() if name not in others}


def read_search(section: Mapping[str, Any], study: Study) -> Search:
    """Read [search] of a study, and try every value that it names on every arm.

    Raises:
        InputError: If a key or value is unknown or wrong, the metric is not of the validation
            images, or two arms differ in nothing but what is searched.
    """
    for key in section:
        choose("key of search", key, _KEYS)
    for key in ("trials", "metric", "sparsity", "space"):
        if key not in section:
            raise InputError(f"search has no {key}")
    metric = name_of(typed(str, "metric of search", section["metric"]))
    if not metric.startswith(_VALIDATION):
        raise InputError(
            f"metric of search is {metric!r}, which is measured on the test samples; options are "
            f"chosen by those of validation, like '{_VALIDATION}{metric}'"
        )
    check_metrics([metric], {arm.config for arm in study.arms})
    if metric_of(metric).higher_is_better is None:
        raise InputError(
            f"metric of search is {metric!r}, of which neither more nor less is better"
        )
    search = Search(
        trials=_count("trials", section["trials"], MOST_TRIALS),
        metric=metric,
        sparsity=share("sparsity", section["sparsity"], "search"),
        space=_read_space(table(section, "space")),
        seeds=_count("seeds", section.get("seeds", 1), len(study.seeds)),
        storage=typed(str, "storage of search", section.get("storage", "")),
    )
    _check_space(search, study)
    return search


def _count(key: str, value: object, most: int) -> int:
    number: int = typed(int, f"{key} of search", value)
    if not 1 <= number <= most:
        raise InputError(f"{key} of search is {number}; it must be an integer in [1, {most}]")
    return number


def _read_space(space: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    if not space:
        raise InputError("space of search is empty; name one or more options")
    return tuple((key, _read_range(key, values)) for key, values in space.items())


def _read_range(key: str, values: object) -> Range | tuple[Any, ...]:
    if isinstance(values, list):
        if len({repr(value) for value in values}) < max(2, len(values)):
            raise InputError(f"{key} of search.space is {values!r}; list two or more, each once")
        for value in values:
            if not isinstance(value, str | int | float):
                raise InputError(f"{key} of search.space lists {value!r}, no text or number")
        return tuple(values)
    if not isinstance(values, dict):
        raise InputError(
            f"{key} of search.space is {values!r}; it must be a list, or a range like "
            "{low = 0.001, high = 1.0, log = true}"
        )
    for name in values:
        choose(f"key of {key}", name, _OF_RANGE)
    ends = [values.get("low"), values.get("high")]
    log = typed(bool, f"log of {key}", values.get("log", False))
    numbers = [end for end in ends if isinstance(end, int | float) and end is not True]
    if len(numbers) < 2 or not numbers[0] < numbers[1] or (log and numbers[0] <= 0):
        above = ", both above 0" if log else ""
        raise InputError(f"{key} of search.space must have low < high{above}; it is {values!r}")
    return Range(low=numbers[0], high=numbers[1], log=log)


def _check_space(search: Search, study: Study) -> None:
    """Refuse options that no arm has, and values that an arm cannot take."""
    free_arms = [arm for arm in study.arms if not follows(arm)]
    at, first = search.sparsity, {key: ends_of(values)[0] for key, values in search.space}
    for key, values in search.space:
        holders = [arm for arm in free_arms if key in options_for(search, arm)]
        if not holders:
            raise InputError(f"no arm has the option {key!r} of search.space")
        for arm, value in product(holders, ends_of(values)):
            steps = arm_with(arm, {key: value}).steps
            if min(abs(step - at) for step in steps) > reach_of(at) + 1e-9:
                raise InputError(
                    f"sparsity of search is {at:g}, and {arm.criterion!r} has no step near it"
                )
        followed = {arm.spec.partition("@")[2] for arm in study.arms if follows(arm)}
        if key == "allocation" and (led := [arm for arm in holders if arm.spec in followed]):
            raise InputError(
                f"allocation of search.space: other arms take their layer ratios from "
                f"{led[0].criterion!r}; leave out allocation, or those arms"
            )
    plain = [
        arm_with(arm, {key: first[key] for key in options_for(search, arm)}) for arm in free_arms
    ]
    twice = [free_arms[i].criterion for i, arm in enumerate(plain) if arm in plain[:i]]
    if twice:
        raise InputError(
            f"two arms of {twice[0]!r} differ in nothing but what [search.space] chooses"
        )


def ends_of(values: Range | tuple[Any, ...]) -> tuple[Any, ...]:
    """All values of a list, or the ends of a range."""
    return (values.low, values.high) if isinstance(values, Range) else values


def chooses_repair(study: Study) -> bool:
    """Whether a study's search chooses the repair or options of it."""
    keys = [key for key, _ in study.search.space] if study.search else []
    return any(key == "recovery" or key.partition(":")[0] in RECOVERIES for key in keys)


def follows(arm: Arm) -> bool:
    """Whether an arm takes another one's layer ratios or masks, and so its options, too."""
    return "@" in arm.spec


def options_for(search: Search, arm: Arm) -> list[str]:
    """The options of the space that are chosen for an arm: those it has and does not set itself."""
    if follows(arm):
        return []
    name, written = split_spec(arm.spec)
    space, of_criterion = dict(search.space), {*options_of(as_criterion(name))} - {*written}
    repairs = [str(arm.config.recovery), *map(str, ends_of(space.get("recovery", ())))]
    repaired = {_name(link) for repair in repairs for link in _links(repair)}
    plan = plan_options()

    def has(key: str) -> bool:
        owner, _, option = key.rpartition(":")
        criterion = owner in ("", name) and option in of_criterion
        return criterion or (not owner and option in plan) or owner in repaired

    return [key for key in space if has(key)]


def arm_with(arm: Arm, values: Mapping[str, Any]) -> Arm:
    """An arm with these values of options of the space (:func:`options_for`).

    Raises:
        InputError: If it cannot take one of them.
    """
    plan = plan_options()
    ours = {key: value for key, value in values.items() if key in plan}
    config = replace(arm.config, **values_of("search.space", ours, plan))
    spec, links = arm.spec, _links(str(config.recovery))
    for key in values.keys() - ours.keys():
        owner, _, option = key.rpartition(":")
        text = str(values[key]).lower() if isinstance(values[key], bool) else str(values[key])
        if owner in RECOVERIES:
            read = [(link, {option: text} if _name(link) == owner else {}) for link in links]
            links = [replace(link, **read_options(link, its)) for link, its in read]  # type: ignore[type-var]  # dataclasses
        else:
            spec += f":{option}={text}"
    recovery = "+".join(link.label for link in links)
    return _labelled(spec, replace(config, recovery=recovery))


def following(arm: Arm, leader: Arm) -> Arm:
    """An arm that follows another one, with what was chosen for that one."""
    return _labelled(f"{arm.spec.partition('@')[0].strip()}@{leader.spec}", leader.config)


def _labelled(spec: str, config: PruneConfig) -> Arm:
    parts = spec.split("@")
    chain = ["@".join(parts[i:]) for i in range(len(parts))][::-1]
    label = choices(replace(config, criteria=",".join(chain)))[-1].label
    return Arm(spec=spec, criterion=label, config=config)


def _links(recovery: str) -> list[Recovery]:
    """The recoveries of a chain, or the only one."""
    repair = as_recovery(recovery)
    return list(repair.links) if isinstance(repair, Chain) else [repair]


def _name(recovery: Recovery) -> str:
    return recovery.label.partition(":")[0]
