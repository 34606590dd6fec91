"""Reading many runs and writing their page, against reading them one by one with MLflow's client.

The store holds so many finished runs of five criteria with real tables' columns, made up here. The
peer fetches each run and its table by `MlflowClient.get_run` and `download_artifacts`, as a script
around MLflow does. Wall times; reading is the search, the tables and their parsing.

    python benchmarks/report.py --runs 200
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from leastloss.experiment.config import PruneConfig, parameters

CRITERIA = ("mils-bdm", "mils-entropy", "nc", "magnitude", "random")
COLLAPSE = ("nc1", "nc1_quotient", "cdnv", "nc2_equinorm", "nc3", "nc4", "minority_angle")
CODE = "from benchmarks.report import job; job()"


def table(criterion: str, seed: int) -> pd.DataFrame:
    """Twenty steps whose recalls fall."""
    noise = np.random.default_rng(seed)
    at = np.linspace(0, 0.95, 20)
    rank = CRITERIA.index(criterion.split("-v")[0])
    level = 0.9 - (0.2 + 0.05 * rank) * at**2 + 0.02 * noise.random(20)
    columns = {"step": np.arange(20), "removed": np.rint(1e5 * at), "sparsity": at}
    names = ("accuracy", "balanced_accuracy", "minority_recall", "worst_class_recall")
    columns |= {name: level - 0.05 * i * at for i, name in enumerate(names)}
    columns |= {f"recall_class_{k}": level - 0.02 * k * at for k in range(10)}
    columns |= {f"val_{name}": column for name, column in list(columns.items())[3:]}
    columns |= {name: 1 + at + 0.1 * noise.random(20) for name in COLLAPSE}
    columns |= dict.fromkeys(("bdm_bits", "mask_sign_bits"), 1e5 * (1.1 - at))
    columns |= {"score_seconds": noise.random(20), "dead_units": at}
    return pd.DataFrame(columns)


def fill(runs: int) -> None:
    """Write the runs: a parent for each seed, a child for each method, ten seeds of each."""
    client = MlflowClient()
    experiment = client.create_experiment("made-up")
    seeds = min(10, runs)
    names = [f"{name}-v{i}" if i else name for i in range(runs // 50 + 1) for name in CRITERIA]
    methods = names[: max(1, runs // seeds)]
    common = parameters(PruneConfig())
    for seed in range(seeds):
        parent = client.create_run(experiment, tags={"leastloss.kind": "prune"}).info.run_id
        for method in methods:
            steps = table(method, seed)
            own = common | {"criterion": method, "seed": str(seed), "dense_seed": str(seed)}
            tags = {"leastloss.kind": "criterion", "mlflow.parentRunId": parent}
            tags |= {"leastloss.dense_run": f"dense{seed}", "git.commit": "0" * 40, "device": "cpu"}
            run = client.create_run(experiment, tags=tags)
            metrics = [Metric(str(k), float(v), 0, 19) for k, v in steps.iloc[-1].items()]
            client.log_batch(
                run.info.run_id,
                metrics=metrics,
                params=[Param(k, v) for k, v in own.items()],
                tags=[RunTag("threads", "1")],
            )
            client.log_text(run.info.run_id, steps.to_csv(index=False), "table.csv")
            client.set_terminated(run.info.run_id)
        client.set_terminated(parent)


def job() -> None:
    """Time reading and the whole page; print them as JSON."""
    from leastloss.experiment.compare_run.compare import comparison_of
    from leastloss.experiment.compare_run.runs_table import compared
    from leastloss.experiment.run_query import runs_of
    from leastloss.report import compare_page

    MlflowClient().search_experiments()  # opens the store
    start, busy = time.perf_counter(), time.process_time()
    runs = runs_of("made-up")
    found = compared(runs)
    read = time.perf_counter() - start
    metrics = ("accuracy", "minority_recall", "worst_class_recall")
    page = compare_page(comparison_of(found, metrics, command="made up"))
    whole, busy = time.perf_counter() - start, time.process_time() - busy
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for run in runs:
            again = MlflowClient().get_run(run.info.run_id)
            Path(folder, run.info.run_id).mkdir()
            file = MlflowClient().download_artifacts(
                again.info.run_id, "table.csv", str(Path(folder, run.info.run_id))
            )
            pd.read_csv(file)
    peer = time.perf_counter() - start
    times = {"read": read, "whole": whole, "busy": busy, "peer": peer}
    print(json.dumps(times | {"runs": len(runs), "megabytes": len(page.encode()) / 1e6}))


@click.command(help=__doc__)
@click.option("--runs", default=200, show_default=True)
def main(runs: int) -> None:
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        mlflow.set_tracking_uri(uri)
        fill(runs)
        env = os.environ | {
            "PYTHONPATH": os.pathsep.join([here, os.path.join(here, "src")]),
            "MLFLOW_TRACKING_URI": uri,
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", CODE], env=env, check=True, capture_output=True, text=True
        )
        os.chdir(here)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"{found['runs']} runs of 20 steps:")
    print(f"  whole page         {found['whole']:6.2f} s (target: 20), {found['megabytes']:.1f} MB")
    print(f"  CPU time           {found['busy']:6.2f} s")
    share = 100 * found["read"] / found["whole"]
    print(f"  of it reading      {found['read']:6.2f} s: {share:.0f} %")
    print(f"  MLflow one by one  {found['peer']:6.2f} s: {found['peer'] / found['read']:.1f} x")


if __name__ == "__main__":
    main()
