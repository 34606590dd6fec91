"""A study: the networks, the ways to prune them, and what is published."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from math import nan
from typing import Any

from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.options import defaults, fields_of, parameters
from leastloss.pruning import rounds_of


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to prune; one child run for every seed.

    Attributes:
        spec: The criterion as the file spells it.
        criterion: The label that its child runs have.
        config: All settings but the criterion, the seed and the dense network.
    """

    spec: str
    criterion: str
    config: PruneConfig

    @property
    def steps(self) -> list[float]:
        """The sparsities at which it is measured, the dense network's 0 among them."""
        many = 10**6
        ends = (int(rounds[-1]) / many for rounds in rounds_of(self.config, many))
        return [0.0, *(self.config.shares or ends)]


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers to choose from; integers where both ends are."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, kw_only=True)
class Search:
    """How the options of each arm are chosen by validation.

    Attributes:
        trials: How many each arm gets.
        metric: A metric of the validation images.
        sparsity: Where it counts.
        space: Option -> its values, or a range of them.
        seeds: How many of the study's networks, the first ones, each trial prunes.
        storage: Database of the trials where the tracking store is none; may be empty.
    """

    trials: int
    metric: str
    sparsity: float
    space: tuple[tuple[str, Range | tuple[Any, ...]], ...]
    seeds: int = 1
    storage: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a search chose for an arm.

    Attributes:
        method: The arm as the file has it.
        values: Option -> value.
        lacking: Options of the space that the arm does not have.
        trials: How many trials it had.
        failed: How many of them failed.
        value: The metric of the best one; NaN for an arm that takes another one's choice.
    """

    method: str
    values: tuple[tuple[str, Any], ...]
    lacking: tuple[str, ...] = ()
    trials: int = 0
    failed: int = 0
    value: float = nan


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a study publishes.

    Attributes:
        sparsities: Sparsities of the tables.
        metrics: Metrics of the tables and figures.
        compared: Metrics with paired differences, the first also in words; empty: the first metric.
        against: Criteria or methods that the others are compared with.
        free: Metrics that must stay near the dense network's: how sparse can it be for free?
        within: Losses of those metrics that count as none.
        recoveries: ``apart`` compares arms of one recovery; ``together`` compares all, and names
            include the recovery where it varies.
        figures: Groups of criteria or methods to draw together; empty: by eights.
        spread: Name -> methods whose standard deviation within one network is reported.
    """

    sparsities: tuple[float, ...] = (0.5, 0.8, 0.9)
    metrics: tuple[str, ...] = ("accuracy",)
    compared: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    free: tuple[str, ...] = ("accuracy",)
    within: tuple[float, ...] = (0.01, 0.05)
    recoveries: str = "apart"
    figures: tuple[tuple[str, ...], ...] = ()
    spread: tuple[tuple[str, tuple[str, ...]], ...] = ()


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
    search: Search | None = None
    chosen: tuple[Choice, ...] = ()

    def network(self, seed: int) -> TrainConfig:
        """The training settings of a seed's dense network."""
        return replace(self.train, seed=seed, replicate=seed if self.replicates else 0)

    @property
    def searched_seeds(self) -> tuple[int, ...]:
        """The seeds on whose networks options are chosen."""
        return self.seeds[: self.search.seeds] if self.search else ()

    def varied(self) -> list[str]:
        """The settings in which the arms differ."""
        settings = [parameters(arm.config) for arm in self.arms]
        return [
            key for key in settings[0] if len({arm_settings[key] for arm_settings in settings}) > 1
        ]

    def group(self, arm: Arm) -> tuple[str, str]:
        """Recovery (empty for any) and granularity of the arms that it is compared with."""
        recovery = str(arm.config.recovery) if self.report.recoveries == "apart" else ""
        return recovery, arm.config.granularity

    def settings(self, arm: Arm, *, within: str = "") -> list[str]:
        """The settings in which an arm differs from others of its group, as ``key=value``."""
        settings = parameters(arm.config)
        others = [
            parameters(other.config)
            for other in self.arms
            if self.group(other) == self.group(arm) and within in ("", other.criterion)
        ]
        keys = fields_of(PruneConfig, but=("runs", "keep", "measure"))
        return [
            f"{key}={settings[key]}"
            for key in keys
            if len({arm_settings[key] for arm_settings in others}) > 1
        ]

    def method(self, arm: Arm) -> str:
        """The criterion, with the settings in which its arms differ, but for defaults.

        The recovery is named wherever it varies, so that no score is credited with a repair; the
        sparsities only if nothing else distinguishes two arms.
        """
        name = self._name(arm, steps=False)
        return name if self._short.count(name) == 1 else self._name(arm, steps=True)

    @cached_property
    def _short(self) -> list[str]:
        return [self._name(arm, steps=False) for arm in self.arms]

    def _name(self, arm: Arm, *, steps: bool) -> str:
        usual = {f"{key}={value}" for key, value in defaults(PruneConfig).items()}
        repair = [text for text in self.settings(arm) if text.startswith("recovery=")]
        distinguishing = [
            text for text in self.settings(arm, within=arm.criterion) if text not in usual
        ]
        shown = [text for text in distinguishing if steps or not text.startswith("sparsities=")]
        return ", ".join([arm.criterion, *dict.fromkeys([*repair, *shown])])

    def calls(self) -> list[list[Arm]]:
        """Arms that one prune run makes together: they differ only in the criterion."""
        groups: dict[PruneConfig, list[Arm]] = {}
        for arm in self.arms:
            groups.setdefault(arm.config, []).append(arm)
        return list(groups.values())


def prune_config(study: Study, seed: int, arms: Sequence[Arm], run_id: str) -> PruneConfig:
    """The prune run that makes these arms, which differ only in the criterion, for a seed."""
    settings = {**asdict(arms[0].config), **asdict(study.network(seed))}
    settings |= {"run_id": run_id, "criteria": ",".join(arm.spec for arm in arms)}
    return PruneConfig(**settings)
