"""From an experiment file (TOML) to its studies; mistakes are reported before anything runs."""

import re
from collections.abc import Mapping
from dataclasses import Field, asdict, fields, replace
from itertools import product
from typing import Any

from leastloss.controls import SMALL
from leastloss.errors import InputError, choose
from leastloss.evaluation import reach_of
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.option_checks import binary_model, check_metrics
from leastloss.experiment.prune_run.choices import choices
from leastloss.experiment.study.search_space import plan_options, read_search
from leastloss.experiment.study.study import Arm, Report, Study
from leastloss.experiment.study.toml_tables import (
    is_list,
    read_layers,
    share,
    table,
    text_of,
    typed,
    values_of,
)
from leastloss.options import fields_of, names
from leastloss.pruning import as_recovery, spelled

_ONCE = ("sparsities", "metrics", "compared", "against", "free", "within")
_TOP = ("title", "section", "question", "seeds", "replicates")
_TABLES = ("train", "prune", "arm", "search", "report")


MOST_SEEDS = 10_000
"""The most seeds of a study; each trains a network."""


def read_studies(file: str, override: str = "") -> tuple[Study, ...]:
    """Read and check an experiment file: one study, or one for each row of its grid.

    Args:
        file: Its path.
        override: Values instead of the file's (:func:`overrides`).

    Raises:
        InputError: If the file or one that it extends is missing, is no TOML, or holds an unknown
            key or value.
    """
    layers = read_layers(file, override)
    studies: list[Study] = []
    for number, layer in enumerate(layers, 1):
        try:
            study = study_of(layer)
            if study.section in {other.section for other in studies}:
                raise InputError(f"the section {study.section!r} occurs twice")
        except InputError as error:
            row = f"row {number} of grid: " if layers[1:] else ""
            raise InputError(f"{file}: {row}{error}") from error
        studies.append(study)
    return tuple(studies)


def study_of(file: Mapping[str, Any]) -> Study:
    """Make a study of a parsed experiment file."""
    for key in file:
        choose("key", key, [*_TOP, *_TABLES])
    section = text_of(file, "section")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", section):
        raise InputError(f"section is {section!r}; it must be small letters, digits and hyphens")
    train = TrainConfig(**values_of("train", table(file, "train"), _training()))
    common = values_of("prune", table(file, "prune"), plan_options())
    base = PruneConfig(**{**asdict(train), **common, "controls": "no"})
    tables = file.get("arm", [{}])
    if not isinstance(tables, list) or not tables:
        raise InputError("arm must be one or more tables [[arm]]")
    arms = [arm for number, each in enumerate(tables, 1) for arm in _arms(number, each, base)]
    runs = [(arm.criterion, arm.config) for arm in arms]
    twice = [criterion for i, (criterion, _) in enumerate(runs) if runs[i] in runs[:i]]
    if twice:
        raise InputError(f"{twice[0]!r} occurs in two arms with the same settings")
    study = Study(
        title=text_of(file, "title"),
        section=section,
        question=text_of(file, "question"),
        seeds=seeds_of(file.get("seeds", 10)),
        replicates=typed(bool, "replicates", file.get("replicates", False)),
        train=train,
        arms=tuple(arms),
        report=_report(table(file, "report"), {arm.spec: arm.criterion for arm in arms}),
    )
    _check_report(study)
    if "search" not in file:
        return study
    return replace(study, search=read_search(table(file, "search"), study))


def _training() -> dict[str, Field[Any]]:
    """The keys of [train]; seeds and replicates are keys of the study."""
    return fields_of(TrainConfig, unmarked="repeats")


def seeds_of(seeds: object) -> tuple[int, ...]:
    """Read a number of seeds (n: 0 to n - 1) or a list of them.

    Example:
        >>> seeds_of(3), seeds_of([5, 7])
        ((0, 1, 2), (5, 7))
    """
    if type(seeds) is int and seeds > MOST_SEEDS:
        raise InputError(f"seeds is {seeds}; it must be at most {MOST_SEEDS}")
    numbers = list(range(seeds)) if type(seeds) is int else seeds
    if (
        not isinstance(numbers, list)
        or not numbers
        or not all(type(seed) is int and seed >= 0 for seed in numbers)
    ):
        raise InputError(f"seeds is {seeds!r}; it must be a number of seeds or a list of them")
    if len(set(numbers)) < len(numbers):
        raise InputError(f"seeds is {seeds!r}; a seed may occur once")
    return tuple(numbers)


def _arms(number: int, arm: object, base: PruneConfig) -> list[Arm]:
    """The product of all list values of one [[arm]]."""
    if not isinstance(arm, dict):
        raise InputError(f"arm {number} must be a table")
    where, options = f"arm {number}", plan_options()
    values = {
        key: value if isinstance(value, list) and not is_list(options.get(key)) else [value]
        for key, value in arm.items()
    }
    for key, several in values.items():
        if not several:
            raise InputError(f"{key} of {where} is an empty list; name one or more")
    arms = []
    for combination in product(*values.values()):
        settings = values_of(where, dict(zip(values, combination, strict=True)), options)
        config = replace(base, **settings)
        try:
            # Runs hold the label of the recovery, not the spelling of the file.
            recovery = spelled(str(config.recovery), binary=binary_model(config.model))
            config = replace(config, recovery=as_recovery(recovery).label)
            chosen = choices(config)
            if any(choice.control == SMALL for choice in chosen):
                raise InputError(f"{SMALL!r} has steps of its own, and is none of a study's arms")
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        for spec, choice in zip(names(config.criteria), chosen, strict=True):
            arms.append(Arm(spec=spec, criterion=choice.label, config=replace(config, criteria="")))
    return arms


def _check_report(study: Study) -> None:
    """Refuse a report that asks for what no run will hold."""
    criteria = sorted({arm.criterion for arm in study.arms})
    methods = {study.method(arm) for arm in study.arms}
    for name in study.report.against:
        choose("criterion in against", name, sorted({*criteria, *methods}))
    for name in {name for group in study.report.figures for name in group}:
        choose("arm in figures", name, sorted({*criteria, *methods}))
    for name in {name for _, group in study.report.spread for name in group}:
        choose("arm in spread", name, sorted(methods))
    configs = {arm.config for arm in study.arms}
    twins = [f"val_{name}" for name in study.report.free]
    check_metrics([*study.report.metrics, *study.report.free, *twins], configs)
    for name in study.report.compared:
        choose("metric in compared", name, study.report.metrics)
    for steps in {tuple(arm.steps) for arm in study.arms}:
        for point in study.report.sparsities:
            if min(abs(step - point) for step in steps) > reach_of(point) + 1e-9:
                reached = ", ".join(f"{step:g}" for step in steps[:20])
                raise InputError(
                    f"sparsities of [report] ask for {point:g}, and an arm has no step within "
                    f"{reach_of(point):g} of it, but at {reached}"
                )


def _report(section: Mapping[str, Any], labels: Mapping[str, str]) -> Report:
    """Read [report]; ``labels`` maps the specs of the arms to their labels."""
    keys = {f.name for f in fields(Report)}
    for key, value in section.items():
        choose("key of report", key, keys)
        kind = {"spread": dict, "recoveries": str}.get(key, list)
        typed(kind, f"{key} of report", value)
        if key in _ONCE and len({*value}) < len(value):
            raise InputError(f"{key} of report is {value!r}; each may occur once")
    values: dict[str, Any] = {}
    for key in ("sparsities", "within"):
        if key in section:
            values[key] = tuple(share(key, value) for value in section[key])
    for key in ("metrics", "compared", "against", "free"):
        if key in section:
            named = [typed(str, f"{key} of report", value) for value in section[key]]
            values[key] = tuple(labels.get(name, name) for name in named)
    for key in ("metrics", "free"):
        if not values.get(key, ("accuracy",)):
            raise InputError(f"{key} of report is empty; name one or more")
    if "recoveries" in section:
        values["recoveries"] = choose("recoveries", section["recoveries"], ("apart", "together"))
    if "figures" in section:
        groups = [typed(list, "a group in figures", group) for group in section["figures"]]
        values["figures"] = tuple(
            tuple(labels.get(typed(str, "a name in figures", name), name) for name in group)
            for group in groups
        )
    if "spread" in section:
        values["spread"] = tuple(
            (name, tuple(typed(str, "a name in spread", arm) for arm in typed(list, name, group)))
            for name, group in section["spread"].items()
        )
    return Report(**values)
