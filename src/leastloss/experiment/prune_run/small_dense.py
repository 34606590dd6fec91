"""The control ``small-dense``: dense networks as small as the pruned ones, trained from scratch."""

from collections.abc import Mapping

import click
import pandas as pd
from torch import nn

from leastloss import tracking
from leastloss.controls import SMALL
from leastloss.evaluation import fairness_metrics, path_summary, predict
from leastloss.experiment.commands import row_command
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import MODEL_TAG, RUN_TAG, Dense
from leastloss.experiment.prune_run.run_metrics import (
    measured_speed,
    network_gains,
    printed_metrics,
)
from leastloss.experiment.prune_run.width_search import count_weights, sizes_of, untrained
from leastloss.experiment.run_names import (
    child_name,
    child_parameters,
    labelled,
    name_tags,
    note_of,
    tell_failures,
)
from leastloss.experiment.run_table import csv_text
from leastloss.models import save_network, weight_layers, weight_matrices
from leastloss.pruning import PruningPath, full_masks, measure, noisy_splits, under_noise
from leastloss.training import fit

WIDTHS = "leastloss.widths"


def small_child(
    config: PruneConfig,
    dense: Dense,
    paths: Mapping[str, PruningPath],
    tags: Mapping[str, str],
) -> pd.DataFrame:
    """Train small dense networks in a child run; returns its table; row 0 is the dense network.

    Each has no more weights and no more parameters than any pruned network at its step. Training
    and seed are those of the dense network; there is no repair.
    """
    sizes, first = sizes_of(dense, list(paths.values())), next(iter(paths.values()))
    tags = {**tags, RUN_TAG: dense.run_id, MODEL_TAG: dense.model_id}
    tags[WIDTHS] = "; ".join("-".join(map(str, widths)) for widths in sizes.values())
    noisy = noisy_splits(dense.data.test, config.noises, config.seed)
    rows, failed, model = [], list[dict[str, str]](), dense.model
    params = child_parameters(config, SMALL, dense)
    tags |= name_tags(params)
    with tracking.run("criterion", child_name(params), params, nested=True, tags=tags) as run_id:
        what = "Trains small dense networks, each as large as what pruning leaves at its step."
        tracking.describe(run_id, note_of(params, what, row_command(params, tags)))
        tracking.log_data(run_id, dense.data, dense.model_id)
        for step, widths in {0: None, **sizes}.items():
            model = dense.model if widths is None else _trained(dense, widths)
            removed = first.steps[step].removed
            row: dict[str, float] = {"step": step, "removed": removed}
            row["sparsity"] = removed / len(first.parts)
            exposed, why = under_noise(model, noisy)
            row |= _measured(model, dense) | exposed
            failed.append(why)
            row |= _lacks(dense.model, model, list(first.parts.dense))
            rows.append(
                row | {"ties_at_cut": float("nan"), "score_seconds": 0.0} | {"repair_seconds": 0.0}
            )
        # Networks that did not fail have an empty reason.
        steps = pd.DataFrame(rows).join(pd.DataFrame(failed).fillna(""))
        table = labelled(steps, SMALL, config.seed, dense)
        tell_failures(run_id, table)
        about = {"data": dense.data.recipe, "name": dense.name, "criterion": SMALL}
        tracking.log_file(
            run_id, "pruned_weights.safetensors", lambda file: save_network(file, model, {}, about)
        )
        tracking.log_text(run_id, csv_text(table), "table.csv")
        rows[-1] |= network_gains(table)
        if config.artifacts == "full":
            rows[-1] |= measured_speed(dense.model, model, dense.data.test.x)
        logged = [(0, path_summary(table)), *(_metrics(row) for row in rows)]
        tracking.log_metrics(run_id, logged)
    last = table.iloc[-1]
    click.echo(
        f"{SMALL:>14}  of sparsity {last['sparsity']:.2f}: {printed_metrics(last.to_dict())} "
        f"(widths {tags[WIDTHS]})"
    )
    return table


def _trained(dense: Dense, widths: tuple[int, ...]) -> nn.Module:
    settings, model = dense.settings, untrained(dense, widths)
    fit(
        model,
        dense.data,
        epochs=int(settings["epochs"]),
        patience=int(settings["patience"]),
        lr=float(settings["lr"]),
        batch_size=int(settings["batch_size"]),
        loss=settings.get("loss", "plain"),
        optimizer=settings.get("optimizer", "auto"),
        augment=settings.get("augment", "auto"),
        seed=int(settings["seed"]),
    )
    return model


def _measured(model: nn.Module, dense: Dense) -> dict[str, float]:
    """The metrics of a step of a path, compared with the dense network."""
    test = dense.data.test
    logits, before = predict(model, test.x), predict(dense.model, test.x)
    metrics = measure(model, full_masks(model), dense.data, logits)
    now, then = (test.rows(values).argmax(dim=1).numpy() for values in (logits, before))
    return metrics | fairness_metrics(now, then, test.labels, test.classes)


def _metrics(row: dict[str, float]) -> tuple[int, dict[str, float]]:
    """The step of a row, and the metrics to log for it."""
    metrics = {k: value for k, value in row.items() if k not in ("step", "removed", "sparsity")}
    # The UI opens the comparison of runs on the metric that was logged first.
    return int(row["step"]), metrics | {"sparsity": row["sparsity"]}


def _lacks(dense: nn.Module, small: nn.Module, names: list[str]) -> dict[str, float]:
    """The share of the dense network's weights that a small one lacks, in all and by layer."""
    mine, theirs = weight_layers(small), weight_layers(dense)
    shares = [1 - mine[name].weight.numel() / theirs[name].weight.numel() for name in names]
    lacking = {"weight_sparsity": 1 - count_weights(small) / count_weights(dense)}
    small_size, dense_size = (
        sum(value.numel() for value in weight_matrices(model).values()) for model in (small, dense)
    )
    lacking["network_sparsity"] = 1 - small_size / dense_size
    return lacking | {f"sparsity_layer_{i}": share for i, share in enumerate(shares)}
