"""Where the artifacts of a run are, and what is read from them."""

from pathlib import Path

from mlflow import MlflowClient

from leastloss import tracking


def place(store: MlflowClient, run_id: str) -> Path:
    return Path(store.get_run(run_id).info.artifact_uri.removeprefix("file://"))


def read(run_id: str, name: str = "table.csv") -> str:
    (text,) = tracking.fetch_texts([tracking.find_run(run_id)], name)
    return text
