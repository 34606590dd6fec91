"""Names, parameters, tags and notes of runs, as people see them in the MLflow UI."""

from collections.abc import Mapping, Sequence

import click
import pandas as pd

from leastloss import tracking
from leastloss.data import DATASETS, data_name
from leastloss.evaluation import failure_sentences
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import Dense
from leastloss.options import Group, defaults, fields_of, parameters
from leastloss.pruning import recovery_for

TABLE = "table.csv"
OF_RUN = "leastloss.of_run"  # the runs behind a comparison or a robustness run
REMARKS = "leastloss.remarks"
NOISE_FAILED = "leastloss.failed_under_noise"
_TAG = 5000  # characters that every MLflow store accepts in a tag

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

_LINES: dict[str, tuple[Group, ...]] = {"data": ("data",), "network": ("model", "training")}


def data_words(settings: Mapping[str, str]) -> str:
    """Data set and profile, in a word or two.

    Example:
        >>> data_words({"dataset": "digits", "imbalance": "exp", "ratio": "20.0"})
        'digits exp-20'
        >>> data_words({"dataset": "mnist", "imbalance": "none", "ratio": "20.0"})
        'mnist'
    """
    profile, dataset = settings.get("imbalance", "none"), short_name(settings["dataset"])
    if profile == "none":
        return dataset
    if profile in ("exp", "step"):
        profile = f"{profile}-{float(settings['ratio']):g}"
    return f"{dataset} {profile}"


def short_name(dataset: str) -> str:
    """A data set's name without folders and options; a published one's is short already.

    Example:
        >>> short_name("tables/bank.csv:label=y"), short_name("mnist")
        ('bank', 'mnist')
    """
    user_name = None if dataset in DATASETS else data_name(dataset)
    return user_name.short if user_name else dataset


def joined(*parts: str) -> str:
    """The parts of a run's name.

    Example:
        >>> joined("nc", "weight", "digits exp-20", "s0")
        'nc · weight · digits exp-20 · s0'
    """
    return " · ".join(part for part in parts if part)


def child_name(params: Mapping[str, str]) -> str:
    """The name of a criterion run, from its parameters."""
    return joined(
        params["criterion"], params["granularity"], data_words(params), f"s{params['seed']}"
    )


def parent_name(params: Mapping[str, str]) -> str:
    """The name of a prune run, from its parameters."""
    return joined(f"prune {params['granularity']}s", data_words(params), f"s{params['seed']}")


def child_parameters(config: PruneConfig, label: str, dense: Dense) -> dict[str, str]:
    """The parameters of a child run; those of the training come from the dense network."""
    params = parameters(config) | dense.settings | {"seed": str(config.seed)}
    params |= {"criterion": label, "run_id": dense.run_id, "dense_seed": dense.settings["seed"]}
    params |= {key: str(value) for key, value in config.steps_taken.items()}
    return params | {"recovery": recovery_for(config.recovery, dense.model).label}


def tell_failures(run_id: str, table: pd.DataFrame) -> None:
    """Print which noise broke a network and from which step on; write it to a tag of the run."""
    if failures := "; ".join(failure_sentences(table)):
        click.echo(f"failed under noise, so NaN there: {failures}", err=True)
        tracking.log_tags(run_id, {NOISE_FAILED: failures})


def tell_remarks(run_id: str, label: str, remarks: Sequence[str], *, aloud: bool) -> None:
    """Write the remarks on a path to a tag of its run, one per line; print them if ``aloud``."""
    if remarks:
        tracking.log_tags(run_id, {REMARKS: "\n".join(remarks)[:_TAG]})
    for remark in remarks if aloud else ():
        click.echo(f"{label}: {remark}")


def labelled(table: pd.DataFrame, criterion: str, seed: int, dense: Dense) -> pd.DataFrame:
    """Add the columns that identify a child run to its table."""
    table.insert(0, "criterion", criterion)
    table.insert(1, "seed", seed)
    table.insert(2, "dataset", dense.data.name)
    table.insert(3, "network", dense.name)
    return table


def name_tags(params: Mapping[str, str]) -> dict[str, str]:
    """The tags to filter runs by, from the parameters that a run has."""
    tags = {
        "leastloss.dataset": data_words(params),
        "leastloss.model": f"{params['model']} {params['hidden'].replace(',', '-')}".strip(),
        "leastloss.seed": params["seed"],
    }
    if "criterion" in params:
        tags["leastloss.method"] = params["criterion"]
    tagged = [name for name in fields_of(PruneConfig, mark="tag") if name in params]
    return tags | {f"leastloss.{name}": params[name] for name in tagged}


def note_of(params: Mapping[str, str], what: str, command: str = "") -> str:
    """The note of a run: what it did, on which data and network, and the command."""
    lines, usual = [what, ""], defaults(PruneConfig)
    for head, groups in _LINES.items():
        always = fields_of(PruneConfig, *groups, mark="always")
        settings = [
            f"{name} {params[name]}"
            for name in fields_of(PruneConfig, *groups)
            if params.get(name) and (name in always or params[name] != usual[name])
        ]
        lines.append(f"- {head}: {', '.join(settings)}")
    return "\n".join([*lines, *(["", "```sh", command, "```"] if command else [])])
