"""A finished criterion run as MLflow hands it out, without a store."""

from types import SimpleNamespace
from typing import Any

COMMON = {"dataset": "digits", "imbalance": "exp", "ratio": "20.0", "model": "mlp", "hidden": "8"}
COMMON |= {"validation": "training"}
COMMON |= {"granularity": "weight", "recovery": "none", "seed": "0", "dense_seed": "0"}


def run(number: int, dense: str = "a", digest: str = "d", tags: Any = None, **params: str) -> Any:
    data = SimpleNamespace(dataset=SimpleNamespace(name="digits-train", digest=digest))
    return SimpleNamespace(
        info=SimpleNamespace(run_id=f"run{number}"),
        data=SimpleNamespace(
            params=COMMON | {"criterion": "nc"} | params,
            tags={"leastloss.dense_run": dense} | (tags or {}),
        ),
        inputs=SimpleNamespace(dataset_inputs=[data]),
    )
