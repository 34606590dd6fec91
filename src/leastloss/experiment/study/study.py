"""A study: which networks are pruned how, and what is published of it."""

from dataclasses import dataclass, field, replace

from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.options import defaults, fields_of, parameters


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
        metrics: Columns of the child runs' tables.
        compared: Those of them that are compared, the first also in words; empty: the first one.
        against: Criteria, or arms as the report spells them, from which paired differences are
            taken.
        free: Metrics that must stay near the dense network's, for the sparsity that comes free.
        within: Losses in them that count as none.
        recoveries: ``apart``: arms are compared with those of the same recovery alone;
            ``together``: with all, and their names tell the recovery where it varies.
        figures: Criteria (as the report spells their arms) to draw together; empty: by eights.
        spread: Name -> arms whose spread within one network is told.
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

    def network(self, seed: int) -> TrainConfig:
        """What the dense network of a seed is trained with."""
        return replace(self.train, seed=seed, replicate=seed if self.replicates else 0)

    def varied(self) -> list[str]:
        """Settings that are not the same for all arms."""
        settings = [parameters(arm.config) for arm in self.arms]
        return [key for key in settings[0] if len({its[key] for its in settings}) > 1]

    def group(self, arm: Arm) -> tuple[str, str]:
        """Recovery and granularity of the arms it is compared with; any recovery: empty."""
        recovery = str(arm.config.recovery) if self.report.recoveries == "apart" else ""
        return recovery, arm.config.granularity

    def settings(self, arm: Arm, *, within: str = "") -> list[str]:
        """What tells an arm from the others of its group, as ``key=value``.

        Args:
            arm: One of the study's arms.
            within: Only others of this criterion count; empty: all.
        """
        settings = parameters(arm.config)
        others = [
            parameters(other.config)
            for other in self.arms
            if self.group(other) == self.group(arm) and within in ("", other.criterion)
        ]
        keys = fields_of(PruneConfig, but=("runs", "keep", "measure"))
        return [f"{key}={settings[key]}" for key in keys if len({its[key] for its in others}) > 1]

    def method(self, arm: Arm) -> str:
        """The criterion, with the settings that tell it from its other arms; defaults go unsaid.

        The recovery is told wherever it varies, so that no score is credited with a repair; where
        steps lie only if nothing else tells two arms apart.
        """
        short = [self._name(other, steps=False) for other in self.arms]
        name = self._name(arm, steps=False)
        return name if short.count(name) == 1 else self._name(arm, steps=True)

    def _name(self, arm: Arm, *, steps: bool) -> str:
        usual = {f"{key}={value}" for key, value in defaults(PruneConfig).items()}
        repair = [text for text in self.settings(arm) if text.startswith("recovery=")]
        told = [text for text in self.settings(arm, within=arm.criterion) if text not in usual]
        shown = [text for text in told if steps or not text.startswith("sparsities=")]
        return ", ".join([arm.criterion, *dict.fromkeys([*repair, *shown])])

    def calls(self) -> list[list[Arm]]:
        """Arms that one prune run makes together: they differ in nothing but the criterion."""
        groups: dict[PruneConfig, list[Arm]] = {}
        for arm in self.arms:
            groups.setdefault(arm.config, []).append(arm)
        return list(groups.values())
