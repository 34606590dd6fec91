"""A network to take home, and what its model card says of it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

from torch import Tensor, nn

from leastloss.data import Data, is_map
from leastloss.deploy.card import Card, ClassRecall
from leastloss.deploy.speed_table import ONNX_RUNTIME, Timed, what_zeros_buy
from leastloss.evaluation import evaluate
from leastloss.models import network_bytes
from leastloss.report import percent

_OVERALL = ("accuracy", "balanced_accuracy", "minority_recall", "worst_class_recall", "macro_f1")


@dataclass(frozen=True, kw_only=True)
class ExportedNetwork:
    """A network and what is known of it.

    Attributes:
        model: The network, with all its units.
        dense: The one that it was pruned from; itself, if that is not known.
        x: Samples that it reads, shape (n, ...).
        sparsity: The share of its parts that is gone; None if that is not known.
        data: What it was trained on, if that is known.
        about: Facts by name.
        command: What made it.
        noise: What was measured under noise: kind and severity -> metric -> share.
    """

    model: nn.Module
    dense: nn.Module
    x: Tensor
    sparsity: float | None = None
    data: Data | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    noise: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def card_of(
    network: ExportedNetwork,
    model: nn.Module,
    *,
    license: str,
    sizes: Mapping[str, int],
    speed: Sequence[Timed],
) -> Card:
    """Measure a network as it is exported and write down what is known; sizes: file -> bytes."""
    about = dict(network.about)
    if network.sparsity is not None:
        about["sparsity"] = percent(network.sparsity) + " removed"
    if model is not network.model:
        about["compacted"] = "units that do nothing are gone; the logits are the same"
    about["input"] = f"float32, shape (n, {', '.join(map(str, network.x.shape[1:]))})"
    about |= _data_facts(network.data) if network.data else {}
    programs = f"PyTorch {version('torch')}"
    if any(row.program == ONNX_RUNTIME for row in speed):
        programs += f" and ONNX Runtime {version('onnxruntime')}"
    timing = (
        f"Medians of up to 200 passes with one sample, and with 256, on one thread of a CPU "
        f"({platform.machine()}), by {programs}. {what_zeros_buy(speed)}"
    )
    dense = {"dense network, safetensors": len(network_bytes(network.dense, {}))}
    classes, overall = _classes(network.dense, model, network.data) if network.data else ([], {})
    return Card(
        title=about.get("pruned by") or about.get("network") or type(model).__name__,
        about=about,
        command=network.command,
        license=license,
        classes=classes,
        overall=overall,
        noise=network.noise,
        sizes=dense | dict(sizes),
        speed=speed,
        timing=timing.strip(),
    )


def _data_facts(data: Data) -> dict[str, str]:
    splits = {"training": data.train, "validation": data.val, "test": data.test}
    facts = {"data": data.title}
    facts |= {
        f"{name} samples": f"{len(split):,}, sha256 {split.digest()}"
        for name, split in splits.items()
    }
    if is_map(data.test.y):
        facts["labels"] = "one for each position; below, positions with a label are the samples"
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
