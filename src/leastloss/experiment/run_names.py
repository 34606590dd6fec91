"""How runs are called, tagged and described where people look at them."""

from collections.abc import Mapping

from leastloss.experiment.config import PruneConfig, parameters

HOW = """\
Each *prune* run holds one dense network; its children prune it, one by each criterion, with the
same data, steps and repair. Runs are called *criterion · what is removed · data · seed*.

- **Compare criteria:** open a prune run's children, select them, press *Compare*. In the charts
  choose `accuracy`, `minority_recall` or `worst_class_recall`, and `sparsity` as the x axis.
- **Find runs:** the tags `leastloss.method`, `leastloss.granularity`, `leastloss.dataset` and
  `leastloss.seed` are columns to filter and group by.
- **One page with intervals and tests:** `mlflow run . -e compare` writes `compare.html` to a run of
  its own; open its *Artifacts*.
"""
"""The note of an experiment."""

_GROUPS = {
    "data": ("dataset", "size", "imbalance", "ratio", "rare", "share", "subset", "replicate"),
    "network": ("model", "hidden", "epochs", "patience", "lr", "batch_size", "loss"),
}
_DEFAULT = parameters(PruneConfig())


def data_words(settings: Mapping[str, str]) -> str:
    """Data set and profile, in a word or two.

    Example:
        >>> data_words({"dataset": "digits", "imbalance": "exp", "ratio": "20.0"})
        'digits exp-20'
        >>> data_words({"dataset": "mnist", "imbalance": "none", "ratio": "20.0"})
        'mnist'
    """
    profile = settings.get("imbalance", "none")
    if profile == "none":
        return settings["dataset"]
    if profile in ("exp", "step"):
        profile = f"{profile}-{float(settings['ratio']):g}"
    return f"{settings['dataset']} {profile}"


def joined(*parts: str) -> str:
    """The parts of a run's name.

    Example:
        >>> joined("nc", "weight", "digits exp-20", "s0")
        'nc · weight · digits exp-20 · s0'
    """
    return " · ".join(part for part in parts if part)


def child_name(given: Mapping[str, str]) -> str:
    """The name of a criterion run, from its parameters."""
    return joined(given["criterion"], given["granularity"], data_words(given), f"s{given['seed']}")


def parent_name(given: Mapping[str, str]) -> str:
    """The name of a prune run, from its parameters."""
    return joined(f"prune {given['granularity']}s", data_words(given), f"s{given['seed']}")


def name_tags(given: Mapping[str, str]) -> dict[str, str]:
    """The tags to filter runs by, from their parameters: those of which there is one."""
    tags = {
        "leastloss.dataset": data_words(given),
        "leastloss.model": f"{given['model']} {given['hidden'].replace(',', '-')}".strip(),
        "leastloss.seed": given["seed"],
    }
    told = {"criterion": "method", "granularity": "granularity", "recovery": "recovery"}
    return tags | {f"leastloss.{tag}": given[key] for key, tag in told.items() if key in given}


def note_of(given: Mapping[str, str], what: str, command: str = "") -> str:
    """The note of a run: what it did, on what, and how to do it again.

    Args:
        given: Its parameters.
        what: What it did, as a sentence.
        command: What makes it again, if that is known.
    """
    lines = [what, ""]
    for head, keys in _GROUPS.items():
        said = [f"{key} {given[key]}" for key in keys if _worth_saying(given, key)]
        lines.append(f"- {head}: {', '.join(said)}")
    return "\n".join([*lines, *(["", "```sh", command, "```"] if command else [])])


def _worth_saying(given: Mapping[str, str], key: str) -> bool:
    always = key in ("dataset", "imbalance", "model", "hidden")
    return bool(given.get(key)) and (always or given[key] != _DEFAULT[key])
