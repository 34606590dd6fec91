"""Every metric by name: how people spell it, its unit, and whether more of it is better."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from leastloss.data import CORRUPTIONS

PERCENT = "%"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a number in a table or a run is.

    Attributes:
        name: The column of tables and the key of runs.
        words: How people spell it, without the unit.
        unit: ``%`` for shares, which are kept as numbers in [0, 1] and shown times 100; ``bits``,
            ``bytes``, ``s``, ``ms``, ``µs``, ``1/s``; empty for plain numbers and counts.
        higher_is_better: None where neither direction is better.
        group: What it tells about: summary, accuracy, class, fairness, noise, sparsity, size, cost,
            collapse, layer, selection or training.
        digits: Significant digits, where it is not a share.
        largest: The most that a share can be; the least is 0.
    """

    name: str
    words: str
    unit: str = ""
    higher_is_better: bool | None = None
    group: str
    digits: int = 4
    largest: int = 1

    @property
    def is_share(self) -> bool:
        """Whether it is a share, or a difference of shares, and is shown in per cent."""
        return self.unit == PERCENT

    @property
    def is_accuracy(self) -> bool:
        """Whether it is a share of what is right, of which more is better."""
        return self.is_share and self.higher_is_better is True

    @property
    def heading(self) -> str:
        """The words with the unit; for a share the unit stands with the numbers."""
        return self.words if self.unit in ("", PERCENT) else f"{self.words} ({self.unit})"


def _group(
    group: str,
    *rows: tuple[str, str] | tuple[str, str, str],
    unit: str = "",
    better: bool | None = None,
    digits: int = 4,
    largest: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Metric]:
    """Metrics alike in all but name and words; a third entry is a unit of its own."""
    return {
        name: Metric(
            name=name,
            words=words,
            unit=row_unit[0] if row_unit else unit,
            higher_is_better=better,
            group=group,
            digits=digits,
            largest=largest.get(name, 1),
        )
        for name, words, *row_unit in rows
    }


# To add a metric: the function that measures it, and a line here.
METRICS: dict[str, Metric] = {
    **_group(
        "summary",
        ("free_sparsity", "sparsity without loss"),
        ("area_balanced_accuracy", "mean balanced accuracy of the path"),
        ("area_minority_recall", "mean minority recall of the path"),
        ("balanced_accuracy_at_80", "balanced accuracy at 80 %"),
        unit=PERCENT,
        better=True,
    ),
    **_group(
        "accuracy",
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced accuracy"),
        ("minority_recall", "minority recall"),
        ("worst_class_recall", "worst-class recall"),
        ("macro_f1", "macro F1"),
        ("gmean_recall", "geometric mean of recalls"),
        ("recall", "recall"),
        unit=PERCENT,
        better=True,
    ),
    **_group(
        "fairness",
        ("changed_predictions", "predictions unlike dense", PERCENT),
        ("excess_gap", "excess loss of worst class", PERCENT),
        ("cev", "CEV: uneven change of errors"),
        ("sde", "SDE: lopsided change of errors"),
        ("recall_intensification", "differences of recall, dense is 1"),
        better=False,
        digits=3,
        largest={"excess_gap": 2},  # one class may lose all where the others gain as much
    ),
    **_group(
        "noise",
        ("flip_rate", "predictions changed by noise", PERCENT),
        ("calibration_error", "calibration error", PERCENT),
        ("sensitivity", "sensitivity"),
        ("sensitivity_ratio", "sensitivity, dense is 1"),
        ("mce", "mCE"),
        ("relative_mce", "relative mCE"),
        ("corruption_error", "error over the dense network's"),
        ("relative_corruption_error", "what noise adds to the error, over the dense network's"),
        better=False,
    ),
    **_group(
        "size",
        ("parameters", "parameters", ""),
        ("multiply_adds", "multiply-adds a sample", ""),
        ("bits", "storage"),
        ("bdm_bits", "BDM"),
        ("block_entropy", "block entropy"),
        ("mask_sign_bits", "mask and signs"),
        ("lzma_bytes", "LZMA", "bytes"),
        ("zlib_bytes", "zlib", "bytes"),
        ("compressed_bytes", "compressed size", "bytes"),
        ("file_bytes", "file", "bytes"),
        ("packed_bytes", "packed file", "bytes"),
        ("gzip_bytes", "file by gzip", "bytes"),
        ("dead_units", "dead units", ""),
        unit="bits",
        better=False,
    ),
    **_group(
        "size",
        ("compression_ratio", "compression ratio"),
        ("theoretical_speedup", "theoretical speed-up"),
        better=True,
    ),
    **_group(
        "sparsity",
        ("sparsity", "sparsity"),
        ("weight_sparsity", "weights removed"),
        ("network_sparsity", "weights removed of the whole network"),
        unit=PERCENT,
    ),
    **_group(
        "cost",
        ("score_seconds", "seconds of scoring", ""),
        ("repair_seconds", "seconds of repair", ""),
        ("score_seconds_total", "seconds of scoring", ""),
        ("score_microseconds_per_part", "scoring of each removed part", "µs"),
        ("latency_ms", "latency", "ms"),
        ("dense_latency_ms", "latency of the dense network", "ms"),
        better=False,
        digits=3,
    ),
    **_group(
        "cost",
        ("throughput", "samples a second"),
        ("dense_throughput", "samples a second of the dense network"),
        better=True,
    ),
    **_group(
        "collapse",
        ("nc1", "NC1: spread in classes"),
        ("nc1_quotient", "NC1 as a quotient"),
        ("cdnv", "CDNV: spread of pairs"),
        ("nc2_equinorm", "NC2: unequal norms"),
        ("nc2_equiangular", "NC2: unequal angles"),
        ("simplex_distance", "means: distance to simplex"),
        ("seli_distance", "means: distance to SELI"),
        ("nc3", "NC3: means to classifier"),
        ("nc4", "NC4: unlike nearest mean"),
        ("classifier_simplex_distance", "classifier: distance to simplex"),
        ("classifier_seli_distance", "classifier: distance to SELI"),
        ("minority_angle", "minority angle (cosine)"),
        digits=3,
    ),
    **_group(
        "selection",
        ("ties_at_cut", "tied at the cut", PERCENT),
        ("removed", "parts removed"),
        ("shuffled_complexity", "complexity, units shuffled", "bits"),
        ("shuffled_complexity_std", "spread of complexity, units shuffled", "bits"),
        ("shuffled_correlation", "rank correlation of orders, units shuffled"),
        ("shuffled_correlation_std", "spread of rank correlation, units shuffled"),
        ("redrawn_correlation", "rank correlation of orders, ties redrawn"),
    ),
    **_group("training", ("loss", "loss"), ("train_loss", "training loss"), better=False),
}


def metric_of(name: str) -> Metric:
    """Look a metric up, also one of a class, a layer, the validation samples or under a noise.

    A name that is not in the table gets its own words, no unit and no direction.

    Example:
        >>> metric_of("worst_class_recall").words, metric_of("recall_class_3").words
        ('worst-class recall', 'recall of class 3')
        >>> metric_of("gaussian3_accuracy").words, metric_of("val_macro_f1").higher_is_better
        ('accuracy under gaussian 3', True)
        >>> metric_of("something_else").words
        'something else'
    """
    if name in METRICS:
        return METRICS[name]
    if name.startswith("val_"):
        base = metric_of(name.removeprefix("val_"))
        return replace(base, name=name, words=f"{base.words} on validation samples")
    if name.startswith("gpu_"):
        base = metric_of(name.removeprefix("gpu_"))
        return replace(base, name=name, words=f"{base.words} on the GPU")
    if (noisy := re.fullmatch(r"([a-z-]+)([1-5])_(.+)", name)) and noisy[1] in CORRUPTIONS:
        base = metric_of(noisy[3])
        words = f"{base.words} under {noisy[1]} {noisy[2]}"
        return replace(base, name=name, words=words, group="noise")
    if name.startswith("recall_class_"):
        words = f"recall of class {name.removeprefix('recall_class_')}"
        return replace(METRICS["minority_recall"], name=name, words=words, group="class")
    if name.startswith("sparsity_layer_"):
        words = f"removed of layer {name.removeprefix('sparsity_layer_')}"
        return replace(METRICS["weight_sparsity"], name=name, words=words, group="layer")
    if ":" in name:  # how far one may prune for free is a sparsity; an area is a mean height
        kind, of = name.split(":", 1)
        return replace(METRICS["sparsity"] if kind == "free" else metric_of(of), name=name)
    if name.startswith("mean_"):
        base = metric_of(name.removeprefix("mean_"))
        return replace(base, name=name, words=f"mean {base.words}")
    return Metric(name=name, words=name.replace("_", " "), group="other")


def names_of(group: str) -> tuple[str, ...]:
    """The metrics of a group, in the order of the table.

    Example:
        >>> names_of("fairness")
        ('changed_predictions', 'excess_gap', 'cev', 'sde', 'recall_intensification')
    """
    return tuple(name for name, entry in METRICS.items() if entry.group == group)
