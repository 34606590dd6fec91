"""What the model card of an exported network says, measured and read from its run."""

import platform
from collections.abc import Mapping
from importlib.metadata import version

from torch import nn

from leastloss.data import Data
from leastloss.deploy import Card, ClassRecall
from leastloss.evaluation import evaluate, speed
from leastloss.experiment.export_run.chosen_network import ChosenNetwork
from leastloss.models import network_bytes
from leastloss.report import percent

_OVERALL = ("accuracy", "balanced_accuracy", "minority_recall", "worst_class_recall", "macro_f1")
_NOISY = ("accuracy", "balanced_accuracy", "minority_recall")
_SECONDS = 0.05


def card_of(
    chosen: ChosenNetwork,
    model: nn.Module,
    *,
    license: str,
    sizes: Mapping[str, int],
    onnx_ms: float | None,
    compacted: bool,
) -> Card:
    """Measure a network and write down what is known of it.

    Args:
        chosen: Where it comes from.
        model: The network as it is exported.
        license: As SPDX spells it, or empty.
        sizes: File -> bytes.
        onnx_ms: Milliseconds that ONNX Runtime takes for one sample, if there is such a file.
        compacted: Whether units that do nothing were taken out of it.
    """
    about = dict(chosen.about)
    if chosen.sparsity is not None:
        about["sparsity"] = percent(chosen.sparsity) + " removed"
    if compacted:
        about["compacted"] = "units that do nothing are gone; the logits are the same"
    about["input"] = f"float32, shape (n, {', '.join(map(str, chosen.x.shape[1:]))})"
    about |= _data_facts(chosen.data) if chosen.data else {}
    timed = speed(chosen.dense, model, chosen.x, seconds=_SECONDS)
    latency = {
        "dense, PyTorch": timed["dense_latency_ms"],
        "this one, PyTorch": timed["latency_ms"],
    }
    programs = f"PyTorch {version('torch')}"
    if onnx_ms is not None:
        latency["this one, ONNX Runtime"] = onnx_ms
        programs += f" and ONNX Runtime {version('onnxruntime')}"
    dense = {"dense network, safetensors": len(network_bytes(chosen.dense, {}))}
    classes, overall = _classes(chosen.dense, model, chosen.data) if chosen.data else ([], {})
    return Card(
        title=about.get("pruned by", about.get("network", "Network")),
        about=about,
        command=chosen.command,
        license=license,
        classes=classes,
        overall=overall,
        noise=_noise(chosen),
        sizes=dense | dict(sizes),
        latency=latency,
        timing=(
            f"Median of up to 200 passes with one sample, on one thread of a CPU "
            f"({platform.machine()}), by {programs}."
        ),
    )


def _data_facts(data: Data) -> dict[str, str]:
    splits = {"training": data.train, "validation": data.val, "test": data.test}
    facts = {"data": data.title}
    facts |= {
        f"{name} samples": f"{len(split):,}, sha256 {split.digest()}"
        for name, split in splits.items()
    }
    names = class_names(data)
    return facts | {"rare classes": ", ".join(names[label] for label in data.minority)}


def class_names(data: Data) -> list[str]:
    """What the classes are called; by default their numbers."""
    return [data.class_name(label) for label in range(data.classes)]


def _classes(
    dense: nn.Module, model: nn.Module, data: Data
) -> tuple[list[ClassRecall], dict[str, tuple[float, float]]]:
    before, after = evaluate(dense, data.test), evaluate(model, data.test)
    trained, tested = data.train.counts(), data.test.counts()
    rows = [
        ClassRecall(
            name=name,
            trained=int(trained[label]),
            tested=int(tested[label]),
            before=before[f"recall_class_{label}"],
            after=after[f"recall_class_{label}"],
        )
        for label, name in enumerate(class_names(data))
    ]
    words = {name: name.replace("_", " ") for name in _OVERALL if name in before}
    return rows, {word: (before[name], after[name]) for name, word in words.items()}


def _noise(chosen: ChosenNetwork) -> dict[str, dict[str, float]]:
    """What the run measured under noise at this step."""
    by_noise = {}
    for noise in chosen.noises:
        kind, _, severity = noise.strip().partition(":")
        values = {
            metric.replace("_", " "): chosen.row[f"{kind}{severity}_{metric}"]
            for metric in _NOISY
            if f"{kind}{severity}_{metric}" in chosen.row
        }
        if values:
            by_noise[f"{kind}, severity {severity}"] = values
    return by_noise
