"""A study: one TOML file that says which networks are pruned how, and what is published of it."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from leastloss.errors import InputError
from leastloss.evaluation.summary import REACH
from leastloss.experiment.choices import choices, steps_of
from leastloss.experiment.config import PruneConfig, TrainConfig, names
from leastloss.names import choose

LISTS = ("criteria", "hidden", "rare", "sparsities")
"""Fields whose value is a comma list: a TOML list is one value of them, not several arms."""

_TRAIN = {f.name: f for f in fields(TrainConfig) if f.name not in ("seed", "replicate")}
_OWN = {f.name: f for f in fields(PruneConfig) if f.name not in {*_TRAIN, "seed", "replicate"}}
_PRUNE = {name: f for name, f in _OWN.items() if name != "run_id"}
_TOP = ("title", "section", "question", "seeds", "replicates", "train", "prune", "arm", "report")


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to prune: what one child run of every seed does.

    Attributes:
        spec: The criterion as the file spells it.
        criterion: The same as its child runs carry it.
        config: All settings but the criterion, the seed and the network to start from.
    """

    spec: str
    criterion: str
    config: PruneConfig


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a study publishes.

    Attributes:
        sparsities: Where tables read the metrics off.
        metrics: Columns of the child runs' tables; the first one is also compared in words.
        against: Criteria from which paired differences are taken.
        within: Losses of accuracy that count as none, for the sparsity that comes free.
        figures: Criteria (as the report spells their arms) to draw together; empty: by eights.
    """

    sparsities: tuple[float, ...] = (0.5, 0.8, 0.9)
    metrics: tuple[str, ...] = ("accuracy",)
    against: tuple[str, ...] = ()
    within: tuple[float, ...] = (0.01, 0.05)
    figures: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Study:
    """One published table or figure: seeds x arms."""

    title: str
    section: str
    question: str
    seeds: tuple[int, ...]
    replicates: bool
    train: TrainConfig
    arms: tuple[Arm, ...]
    report: Report = field(default_factory=Report)

    def network(self, seed: int) -> TrainConfig:
        """What the dense network of a seed is trained with."""
        return replace(self.train, seed=seed, replicate=seed if self.replicates else 0)

    def varied(self) -> list[str]:
        """Settings that are not the same for all arms."""
        made = [asdict(arm.config) for arm in self.arms]
        return [key for key in made[0] if len({str(settings[key]) for settings in made}) > 1]

    def settings(self, arm: Arm) -> str:
        """What tells an arm from the others of its criterion, beside recovery and granularity."""
        kin = [asdict(other.config) for other in self.arms if other.criterion == arm.criterion]
        own = asdict(arm.config)
        keys = [key for key in own if key not in ("recovery", "granularity")]
        varied = [key for key in keys if len({str(other[key]) for other in kin}) > 1]
        return "".join(f", {key}={own[key]}" for key in varied)

    def calls(self) -> list[list[Arm]]:
        """Arms that one prune run makes together: they differ in nothing but the criterion."""
        groups: dict[PruneConfig, list[Arm]] = {}
        for arm in self.arms:
            groups.setdefault(arm.config, []).append(arm)
        return list(groups.values())


def read_study(file: str) -> Study:
    """Read and check an experiment file.

    Raises:
        InputError: If the file is missing, no TOML, or holds an unknown key or value.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the experiment file {file!r}: {error}") from error
    try:
        return study_of(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, InputError) as error:
        raise InputError(f"{file}: {error}") from error


def study_of(given: Mapping[str, Any]) -> Study:
    """Make a study of a parsed experiment file.

    Raises:
        InputError: If a key or value is unknown or missing.
    """
    for key in given:
        choose("key", key, _TOP)
    section = _text(given, "section")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", section):
        raise InputError(f"section is {section!r}; it must be small letters, digits and hyphens")
    train = TrainConfig(**_values("train", _table(given, "train"), _TRAIN))
    common = _values("prune", _table(given, "prune"), _PRUNE)
    base = PruneConfig(**{**asdict(train), **common})
    written = given.get("arm", [{}])
    if not isinstance(written, list) or not written:
        raise InputError("arm must be one or more tables [[arm]]")
    arms = [arm for number, one in enumerate(written, 1) for arm in _arms(number, one, base)]
    twice = [arm for i, arm in enumerate(arms) if arm in arms[:i]]
    if twice:
        raise InputError(f"{twice[0].criterion!r} occurs in two arms with the same settings")
    study = Study(
        title=_text(given, "title"),
        section=section,
        question=_text(given, "question"),
        seeds=seeds_of(given.get("seeds", 10)),
        replicates=_is(bool, "replicates", given.get("replicates", False)),
        train=train,
        arms=tuple(arms),
        report=_report(_table(given, "report")),
    )
    _check_report(study)
    return study


def seeds_of(given: object) -> tuple[int, ...]:
    """Read a number of seeds (n: 0 to n - 1) or a list of them.

    Raises:
        InputError: If it is neither, or a seed is negative or occurs twice.

    Example:
        >>> seeds_of(3), seeds_of([5, 7])
        ((0, 1, 2), (5, 7))
    """
    seeds = list(range(given)) if type(given) is int else given
    if not isinstance(seeds, list) or not seeds or any(type(s) is not int or s < 0 for s in seeds):
        raise InputError(f"seeds is {given!r}; it must be a number of seeds or a list of them")
    if len(set(seeds)) < len(seeds):
        raise InputError(f"seeds is {given!r}; a seed may occur once")
    return tuple(seeds)


def _arms(number: int, given: object, base: PruneConfig) -> list[Arm]:
    """The product of all list values of one [[arm]]."""
    if not isinstance(given, dict):
        raise InputError(f"arm {number} must be a table")
    where = f"arm {number}"
    values = {k: v if isinstance(v, list) and k not in LISTS else [v] for k, v in given.items()}
    arms = []
    for chosen in product(*values.values()):
        settings = _values(where, dict(zip(values, chosen, strict=True)), _PRUNE)
        config = replace(base, **settings)
        try:
            steps_of(config)
            criteria = [choice.label for choice in choices(config)]
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        for spec, label in zip(names(config.criteria), criteria, strict=True):
            arms.append(Arm(spec=spec, criterion=label, config=replace(config, criteria="")))
    return arms


def _values(where: str, given: Mapping[str, Any], known: Mapping[str, Field[Any]]) -> Any:
    """Read fields of a configuration, each by the type of its default."""
    values = {}
    for key, value in given.items():
        kind = type(known[choose(f"key of {where}", key, known)].default)
        if key in LISTS and isinstance(value, list):
            value = ",".join(str(part) for part in value)
        elif kind is float and type(value) is int:
            value = float(value)
        elif kind is str and type(value) in (int, float):
            value = str(value)
        values[key] = _is(kind, f"{key} of {where}", value)
    return values


def _check_report(study: Study) -> None:
    """Refuse what the report asks for and no run will hold."""
    criteria = sorted({arm.criterion for arm in study.arms})
    for name in study.report.against:
        choose("criterion in against", name, criteria)
    methods = {arm.criterion + study.settings(arm) for arm in study.arms}
    for name in {name for group in study.report.figures for name in group}:
        choose("arm in figures", name, sorted({*criteria, *methods}))
    for config in {arm.config for arm in study.arms}:
        plan = steps_of(config)
        spaced = [i / plan["steps"] * plan["to_sparsity"] for i in range(1, plan["steps"] + 1)]
        steps = [0.0, *(plan["sparsities"] or spaced)]
        for point in study.report.sparsities:
            if min(abs(step - point) for step in steps) > REACH:
                reached = ", ".join(f"{step:g}" for step in steps[:20])
                raise InputError(f"no arm may be read off at {point:g}: its steps are at {reached}")


def _report(given: Mapping[str, Any]) -> Report:
    known = {f.name for f in fields(Report)}
    for key, value in given.items():
        choose("key of report", key, known)
        _is(list, f"{key} of report", value)
    made: dict[str, Any] = {}
    for key in ("sparsities", "within"):
        if key in given:
            made[key] = tuple(_share(key, value) for value in given[key])
    for key in ("metrics", "against"):
        if key in given:
            made[key] = tuple(_is(str, f"{key} of report", value) for value in given[key])
    if not made.get("metrics", ("accuracy",)):
        raise InputError("metrics of report is empty; name one or more")
    if "figures" in given:
        groups = [_is(list, "a group in figures", group) for group in given["figures"]]
        made["figures"] = tuple(
            tuple(_is(str, "a name in figures", name) for name in group) for group in groups
        )
    return Report(**made)


def _share(key: str, value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]  # a number
        raise InputError(f"{key} of report has {value!r}; it must lie in [0, 1]")
    return float(value)  # type: ignore[arg-type]  # a number


def _table(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = _is(dict, key, given.get(key, {}))
    return table


def _text(given: Mapping[str, Any], key: str) -> str:
    text = " ".join(str(_is(str, key, given.get(key, ""))).split())
    if not text:
        raise InputError(f"{key} is missing")
    return text


def _is(kind: type[Any], what: str, value: Any) -> Any:
    words: dict[type[Any], str] = {str: "a text", int: "an integer", float: "a number"}
    words |= {bool: "true or false", list: "a list", dict: "a table"}
    if type(value) is not kind:
        raise InputError(f"{what} is {value!r}; it must be {words[kind]}")
    return value
