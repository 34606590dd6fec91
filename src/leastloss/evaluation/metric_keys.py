"""Keys of metrics in runs: prefixes that MLflow shows as sections of charts."""

from collections.abc import Mapping

from leastloss.evaluation.metric_table import metric_of

_STAGES = ("val", "epoch")  # measured on validation images, or after an epoch of training
_SECTIONS = {
    "class": "class/",
    "layer": "layer/",
    "collapse": "collapse/",
    "noise": "noise/",
    "fairness": "fairness/",
    "size": "cost/",
    "cost": "cost/",
    "selection": "selection/",
}
# Names with a number: the section says already what it is a number of.
_NUMBERED = {"class/": ("recall_class_", "recall_"), "layer/": ("sparsity_layer_", "sparsity_")}


def key_of(name: str) -> str:
    """Return the key under which runs keep a metric.

    Accuracies, sparsities, losses and summaries of a run keep their plain names; so does what is no
    metric of ours.

    Example:
        >>> [key_of(name) for name in ("accuracy", "val_accuracy", "nc1", "recall_class_3")]
        ['accuracy', 'val/accuracy', 'collapse/nc1', 'class/recall_3']
    """
    if "/" in name:
        return name
    stage, _, rest = name.partition("_")
    if stage in _STAGES:
        return f"{stage}/{rest}"
    section = _SECTIONS.get(metric_of(name).group, "")
    long, short = _NUMBERED.get(section, ("", ""))
    return section + short + name.removeprefix(long)


def name_of(key: str) -> str:
    """Return the metric of a key; keys of runs from before the prefixes are names already.

    Example:
        >>> [name_of(key) for key in ("val/loss", "val_loss", "class/recall_3", "cost/bits")]
        ['val_loss', 'val_loss', 'recall_class_3', 'bits']
    """
    stage, _, rest = key.partition("/")
    if stage in _STAGES:
        return f"{stage}_{rest}"
    section = next((s for s in _SECTIONS.values() if key.startswith(s)), "")
    long, short = _NUMBERED.get(section, ("", ""))
    name = long + key.removeprefix(section + short)
    return name if key_of(name) == key else key


def by_name(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of a run by their names, whichever keys it was written with.

    Example:
        >>> by_name({"accuracy": 0.9, "val/loss": 0.3, "nc1": 2.0})
        {'accuracy': 0.9, 'val_loss': 0.3, 'nc1': 2.0}
    """
    return {name_of(key): value for key, value in metrics.items()}
