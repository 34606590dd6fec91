"""The networks of a prune run in the model registry, with aliases that say what each is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import click

from leastloss import tracking
from leastloss.evaluation import NEAR, SLACK, evaluate
from leastloss.experiment.dense import Dense
from leastloss.experiment.run_names import TABLE
from leastloss.experiment.run_query import children

SMALLEST, BEST = "smallest-within-2-points", "best-minority-recall"
_WATCHED = ("val_balanced_accuracy", "val_minority_recall")
_TAGGED = ("sparsity", "minority_recall", "balanced_accuracy")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered network: its version, its sparsity, and its row in the table of its run."""

    version: str
    sparsity: float
    row: Mapping[str, float]


def register_networks(name: str, parent_id: str, dense: Dense) -> None:
    """Register the logged networks of a prune run that is finished, and print the aliases.

    Raises:
        ResourceError: If the store does not take them.
    """
    versions = []
    for child in children(parent_id):
        run = tracking.find_run(child.info.run_id)  # a search leaves out the models
        outputs = run.outputs.model_outputs if run.outputs else []
        table = tracking.fetch_table(run.info.run_id, TABLE) if outputs else None
        for output in outputs:
            assert table is not None  # there are outputs
            tags = tracking.client().get_logged_model(output.model_id).tags
            step = table.select_dtypes("number")[table["step"] == int(tags["leastloss.step"])]
            row = {str(key): float(value) for key, value in step.iloc[0].items()}
            about = {"criterion": run.data.params["criterion"]}
            about |= {key: f"{row[key]:.6g}" for key in _TAGGED if key in row}
            version = tracking.register_model(name, output.model_id, run.info.run_id, about)
            versions.append(Version(version=version, sparsity=row["sparsity"], row=row))
    values = evaluate(dense.model, dense.data.val)
    chosen = choose_versions(versions, {f"val_{key}": value for key, value in values.items()})
    for alias, version in chosen.items():
        tracking.set_alias(name, alias, version)
        click.echo(f"registered: models:/{name}@{alias} is version {version}")
    if SMALLEST not in chosen:
        click.echo(f"no network of {name} is within {100 * NEAR:g} points of dense", err=True)


def choose_versions(versions: Sequence[Version], dense: Mapping[str, float]) -> dict[str, str]:
    """Choose by the validation samples which version each alias stands for.

    Args:
        versions: The networks to choose from.
        dense: Metrics of the dense network on the validation samples.

    Returns:
        Alias -> version. The smallest is missing if none is near the dense network.

    Example:
        >>> rows = [
        ...     Version(version="1", sparsity=0.5, row={"val_minority_recall": 0.8}),
        ...     Version(version="2", sparsity=0.9, row={"val_minority_recall": 0.7}),
        ... ]
        >>> choose_versions(rows, {"val_minority_recall": 0.81})
        {'smallest-within-2-points': '1', 'best-minority-recall': '1'}
    """
    watched = [name for name in _WATCHED if not isnan(dense.get(name, float("nan")))]
    near = [
        version
        for version in versions
        if all(version.row.get(name, 0.0) >= dense[name] - NEAR - SLACK for name in watched)
    ]
    chosen = {}
    if near:
        chosen[SMALLEST] = max(near, key=lambda version: version.sparsity).version
    rare = [v for v in versions if not isnan(v.row.get("val_minority_recall", float("nan")))]
    if rare:
        chosen[BEST] = max(rare, key=lambda v: (v.row["val_minority_recall"], v.sparsity)).version
    return chosen
