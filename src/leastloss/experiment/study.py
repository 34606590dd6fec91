"""A study: which networks are pruned how, and what is published of it."""

from dataclasses import asdict, dataclass, field, replace

from leastloss.experiment.config import PruneConfig, TrainConfig

_ASIDE = (
    "permutations",
    "artifacts",
    "noise",
)  # say how much is measured and kept, not how it is pruned


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
        spread: Name -> arms whose spread within one network is told.
    """

    sparsities: tuple[float, ...] = (0.5, 0.8, 0.9)
    metrics: tuple[str, ...] = ("accuracy",)
    against: tuple[str, ...] = ()
    within: tuple[float, ...] = (0.01, 0.05)
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
        made = [asdict(arm.config) for arm in self.arms]
        return [key for key in made[0] if len({str(settings[key]) for settings in made}) > 1]

    def settings(self, arm: Arm, *, within: str = "") -> list[str]:
        """What tells an arm from others of its recovery and granularity, as ``key=value``.

        Args:
            arm: One of the study's arms.
            within: Only others of this criterion count; empty: all.
        """
        own = asdict(arm.config)
        kin = [
            asdict(other.config)
            for other in self.arms
            if (other.config.recovery, other.config.granularity)
            == (arm.config.recovery, arm.config.granularity)
            and within in ("", other.criterion)
        ]
        keys = [key for key in own if key not in ("recovery", "granularity", *_ASIDE)]
        varied = [key for key in keys if len({str(other[key]) for other in kin}) > 1]
        return [f"{key}={own[key]}" for key in varied]

    def method(self, arm: Arm) -> str:
        """The criterion, with the settings that tell it from its other arms; defaults go unsaid."""
        usual = {f"{key}={value}" for key, value in asdict(PruneConfig()).items()}
        told = self.settings(arm, within=arm.criterion)
        return ", ".join([arm.criterion, *(one for one in told if one not in usual)])

    def calls(self) -> list[list[Arm]]:
        """Arms that one prune run makes together: they differ in nothing but the criterion."""
        groups: dict[PruneConfig, list[Arm]] = {}
        for arm in self.arms:
            groups.setdefault(arm.config, []).append(arm)
        return list(groups.values())
