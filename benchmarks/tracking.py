"""What tracking costs: the default prune job with MLflow against the same job without it.

Each job runs in a process of its own with a fresh store, in turn, so that a drift of the machine's
speed meets both. "inside" is the time spent in the functions of leastloss.tracking, waiting
for the export of models included; "import" is what importing MLflow
and its store takes before the job begins.

Then writes a second: values logged through leastloss.tracking.log_metrics (all in one call),
through MlflowClient.log_batch (100 values a call) and plain mlflow.log_metrics (one value a call),
on sqlite and, where PostgreSQL is on PATH, on a tracking server over it.

    python benchmarks/tracking.py --rounds 3
    python benchmarks/tracking.py --rounds 0         # the writes alone
"""

import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import click
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.tracking_server import tracking_server, why_not  # the folder is no package

VALUES, BATCH = 3000, 100
CODE = "import sys; sys.argv[0] = 'x'; from benchmarks.tracking import job; job(sys.argv[1])"


class Stopwatch:
    """Adds up the time between outermost entries and exits."""

    def __init__(self) -> None:
        self.seconds, self.depth, self.start = 0.0, 0, 0.0

    def enter(self) -> None:
        if self.depth == 0:
            self.start = time.perf_counter()
        self.depth += 1

    def leave(self) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.seconds += time.perf_counter() - self.start


def timed(watch: Stopwatch, function: Any) -> Any:
    """A function whose time the stopwatch counts; of a context manager, its entry and exit."""
    if hasattr(function, "__wrapped__") and inspect.isgeneratorfunction(function.__wrapped__):

        @contextmanager
        def around(*args: Any, **kwargs: Any) -> Any:
            watch.enter()
            with function(*args, **kwargs) as value:
                watch.leave()
                yield value
                watch.enter()
            watch.leave()

        return around

    def call(*args: Any, **kwargs: Any) -> Any:
        watch.enter()
        try:
            return function(*args, **kwargs)
        finally:
            watch.leave()

    return call


def silent() -> ModuleType:
    """A stand-in for leastloss.tracking that keeps nothing and does not import MLflow."""
    module = ModuleType("leastloss.tracking")

    @contextmanager
    def run(*args: Any, **kwargs: Any) -> Any:
        yield "none"

    class Client:
        def set_tag(self, *args: Any) -> None:
            """Keep nothing."""

    known = {"run": run, "store_errors": run, "explained": run, "client": Client, "Run": object}

    def anything(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return known.get(name, lambda *args, **kwargs: "none")

    module.__getattr__ = anything  # type: ignore[method-assign]
    return module


def job(mode: str) -> None:
    """Run the default prune job once and print its times as JSON."""
    begin = time.perf_counter()
    watch = Stopwatch()
    if mode == "untracked":
        sys.modules["leastloss.tracking"] = silent()
    else:
        from leastloss import tracking

        for name in tracking.__all__:
            if inspect.isfunction(getattr(tracking, name)):
                setattr(tracking, name, timed(watch, getattr(tracking, name)))
    imported = time.perf_counter() - begin
    from leastloss.experiment.config import PruneConfig
    from leastloss.experiment.prune_run.prune import prune

    with open(os.devnull, "w") as sink:
        shown, sys.stdout = sys.stdout, sink
        prune(PruneConfig())
        sys.stdout = shown
    wall = time.perf_counter() - begin
    print(json.dumps({"wall": wall, "inside": watch.seconds, "import": imported}))


def mlflow_run(project: str) -> float:
    """Wall time of the default job as users start it, once, in the active environment."""
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        MlflowClient(uri).search_experiments()
        env = os.environ | {
            "MLFLOW_TRACKING_URI": uri,
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]),
        }
        command = ["mlflow", "run", project, "-e", "prune", "--env-manager", "local"]
        begin = time.perf_counter()
        subprocess.run(command, env=env, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - begin


def writes(uri: str) -> dict[str, float]:
    """Values a second that reach a store, by each way to log them."""
    from leastloss import tracking

    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    every = [(step, {"value": float(step)}) for step in range(VALUES)]
    few = every[: VALUES // 60]  # one value a call takes long

    def batches(run_id: str) -> None:
        for start in range(0, VALUES, BATCH):
            part = every[start : start + BATCH]
            client.log_batch(run_id, [Metric("value", row["value"], 0, step) for step, row in part])

    def single(run_id: str) -> None:
        for step, row in few:
            mlflow.log_metrics(row, step=step, run_id=run_id)

    ways: dict[str, tuple[Callable[[str], None], int]] = {
        "leastloss.tracking.log_metrics": (lambda run: tracking.log_metrics(run, every), VALUES),
        f"log_batch, {BATCH} a call": (batches, VALUES),
        "mlflow.log_metrics, one a call": (single, len(few)),
    }
    found = {}
    for name, (way, count) in ways.items():
        run_id = client.create_run("0").info.run_id
        begin = time.perf_counter()
        way(run_id)
        found[name] = count / (time.perf_counter() - begin)
        assert len(client.get_metric_history(run_id, "value")) == count
    mlflow.set_tracking_uri(None)
    return found


def show_writes() -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = {"sqlite": writes(f"sqlite:///{folder}/mlflow.db")}
    if reason := why_not():
        print(f"no server: {reason}")
    else:
        with tracking_server(sync=True) as uri:
            stores["server on PostgreSQL"] = writes(uri)
    for store, found in stores.items():
        print(f"values a second on {store}:")
        for name, speed in found.items():
            print(f"  {name:<32}{speed:8.0f}")


@click.command(help=__doc__)
@click.option("--rounds", default=3, show_default=True, help="Runs of each job; 0: writes alone.")
def main(rounds: int) -> None:
    if rounds:
        show_jobs(rounds)
    show_writes()


def show_jobs(rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {"tracked": [], "untracked": []}
    here = os.getcwd()
    for _ in range(rounds):
        for mode, results in found.items():
            with tempfile.TemporaryDirectory() as folder:
                uri = f"sqlite:///{folder}/mlflow.db"
                MlflowClient(uri).search_experiments()  # `mlflow run` makes it before the job
                env = os.environ | {
                    "PYTHONPATH": os.pathsep.join([here, os.path.join(here, "src")]),
                    "MLFLOW_TRACKING_URI": uri,
                    "OMP_NUM_THREADS": "1",
                }
                command = [sys.executable, "-c", CODE, mode]
                done = subprocess.run(
                    command, env=env, cwd=folder, check=True, capture_output=True, text=True
                )
                results.append(json.loads(done.stdout.splitlines()[-1]))
    whole = mlflow_run(here)
    tracked = {
        key: median(r[key] for r in found["tracked"]) for key in ("wall", "inside", "import")
    }
    plain = median(r["wall"] for r in found["untracked"])
    print(f"default prune job, median of {rounds}:")
    print(f"  with tracking      {tracked['wall']:6.2f} s")
    print(f"  without tracking   {plain:6.2f} s")
    print(f"  inside tracking    {tracked['inside']:6.2f} s")
    print(f"  import of MLflow   {tracked['import']:6.2f} s")
    print(
        f"  share inside       {100 * tracked['inside'] / tracked['wall']:6.1f} % of this process"
    )
    print(f"  mlflow run -e prune{whole:6.2f} s")
    print(f"  share inside       {100 * tracked['inside'] / whole:6.1f} % of it (target: 10)")
    print(f"  wall with/without  {tracked['wall'] / plain:6.2f}")


if __name__ == "__main__":
    main()
