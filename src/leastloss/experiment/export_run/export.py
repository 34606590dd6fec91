"""The recipe of the entry point ``export``: files of one network, written all or none."""

import os
from pathlib import Path

import click
import numpy as np
import pandas as pd
import torch

from leastloss import tracking
from leastloss.controls import ROLE
from leastloss.deploy import ExportedNetwork, check_export, export_network
from leastloss.errors import InputError, ResourceError
from leastloss.evaluation import is_at
from leastloss.experiment.commands import command, row_command
from leastloss.experiment.config import ExportConfig
from leastloss.experiment.dense import fetch_dense
from leastloss.experiment.environments import commit_of
from leastloss.experiment.export_run.measured_noise import measured_noise
from leastloss.experiment.prune_run.artifacts import SPARSITY, USABLE
from leastloss.experiment.robustness_run.networks import pruned_network
from leastloss.experiment.run_names import TABLE
from leastloss.experiment.run_query import check_child, children, newest, source
from leastloss.models import read_network
from leastloss.options import names, number
from leastloss.seeds import torch_stream
from leastloss.tracking import Run

_SAMPLES = 64


def export(config: ExportConfig) -> Path:
    """Write the files of one network; returns their folder.

    Raises:
        InputError: If an option is wrong, a file is there already, the network cannot be written in
            a format, or ONNX Runtime gives other logits than the network.
        ResourceError: If the run or the file cannot be read, a package is missing, or nothing can
            be written.
    """
    out, formats, overwrite = Path(config.out), names(config.formats), config.overwrite == "yes"
    check_export(out, formats, overwrite=overwrite)  # before a network is fetched
    export_network(
        chosen_network(config),
        out,
        formats=formats,
        compacted=config.compact,
        license=config.license,
        overwrite=overwrite,
        say=click.echo,
    )
    return out


def chosen_network(config: ExportConfig) -> ExportedNetwork:
    """Fetch the network that the options name.

    Raises:
        InputError: If both a run and a file are named, or the run has no such network.
        ResourceError: If the run or the file is missing or damaged.
    """
    if config.file:
        if config.run_id or config.sparsity or config.step:
            raise InputError("file is one network; leave out run_id, sparsity and step")
        return _of_file(Path(config.file))
    if config.sparsity and config.step:
        raise InputError("sparsity and step both choose the network; give one of them")
    run = _run_of(config)
    dense = fetch_dense(run.info.run_id, config.data_dir, trust=config.trust == "yes")
    x = dense.data.test.x[:_SAMPLES]
    about = {"network": dense.name, "commit": commit_of(run), "run": run.info.run_id}
    if run.data.tags.get(tracking.KIND) == "train":
        if config.sparsity or config.step:
            raise InputError(
                f"run {run.info.run_id!r} trained a dense network; leave out sparsity and step"
            )
        return ExportedNetwork(
            model=dense.model,
            dense=dense.model,
            x=x,
            sparsity=0.0,
            data=dense.data,
            about=about,
            command=command("train", run.data.params),
            noise=measured_noise(run, 0.0, {}),
        )
    table = tracking.fetch_table(run.info.run_id, TABLE)
    model, sparsity = pruned_network(run, dense, _sparsity(config, run, table))
    params = run.data.params
    removed = f"{params['criterion']}, {params['granularity']}s, repaired by {params['recovery']}"
    return ExportedNetwork(
        model=model,
        dense=dense.model,
        x=x,
        sparsity=sparsity,
        data=dense.data,
        about={"pruned by": removed} | about,
        command=row_command(params, run.data.tags),
        noise=measured_noise(run, sparsity, _row(table, sparsity)),
    )


def _most_free() -> str:
    """The child of the newest prune run that loses most before its validation images say so.

    Controls are left out; of equal ones the first counts.
    """
    runs = children(newest("prune"))
    methods = [run for run in runs if run.data.tags.get(ROLE) != "control"] or runs
    best = max(methods, key=lambda run: float(run.data.metrics.get("free_sparsity", 0.0)))
    click.echo(f"run {best.info.run_id}, {best.data.params.get('criterion', 'unknown')}")
    return str(best.info.run_id)


def _run_of(config: ExportConfig) -> Run:
    run = source(config.run_id or _most_free(), config.unfinished)
    kind = run.data.tags.get(tracking.KIND, "none of ours")
    if kind == "prune":
        named = ", ".join(
            f"{child.data.params.get('criterion')} {child.info.run_id}"
            for child in children(run.info.run_id)
        )
        raise InputError(f"run {run.info.run_id!r} has several networks; name one of: {named}")
    if kind not in ("train", "criterion"):
        raise ResourceError(f"run {run.info.run_id!r} holds no network: it is a run of kind {kind}")
    return check_child(run) if kind == "criterion" else run


def _sparsity(config: ExportConfig, run: Run, table: pd.DataFrame) -> float | None:
    """The sparsity that is asked for; None stands for the last network, which the run keeps."""
    if config.step:
        step = number(config.step, int, "step")
        rows = table[table["step"] == step]
        if rows.empty:
            raise InputError(f"step is {step}; run {run.info.run_id!r} has 0 to {len(table) - 1}")
        at = float(rows["sparsity"].iloc[0])
    elif config.sparsity:
        at = float(number(config.sparsity, float, "sparsity") or 0.0)
    elif SPARSITY[USABLE] in run.data.tags:
        at = float(run.data.tags[SPARSITY[USABLE]])
    else:
        return None
    return None if is_at(at, float(table["sparsity"].iloc[-1])) else at


def _row(table: pd.DataFrame, sparsity: float) -> dict[str, float]:
    near = np.flatnonzero([is_at(at, sparsity) for at in table["sparsity"]])
    if not len(near):
        return {}
    numbers = table.select_dtypes("number").iloc[near[-1]]
    return {str(name): float(value) for name, value in numbers.items()}


def _of_file(path: Path) -> ExportedNetwork:
    if not os.path.isfile(path):  # which knows names, too, that no file can have
        raise ResourceError(f"there is no file {path}")
    model, masks, facts = read_network(path)
    shape = getattr(model, "shape", None) or (model.features,)
    x = torch.rand(_SAMPLES, *shape, generator=torch_stream(0, "export"))
    about = {"file": path.name}
    about |= {key: str(facts[key]) for key in ("name", "criterion", "recovery") if key in facts}
    total = sum(mask.numel() for mask in masks.values())
    kept_weights = sum(int(mask.sum()) for mask in masks.values())
    return ExportedNetwork(
        model=model,
        dense=model,
        x=x,
        sparsity=1 - kept_weights / total if total else 0.0,
        about=about,
    )
