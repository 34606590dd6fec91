"""Every example of the pages: Python runs, commands name entry points and options that exist."""

import re
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click import Command
from mlflow import MlflowClient
from tests.entrypoints.conftest import NAMES, Entry, load
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import leastloss as ll
from leastloss import tracking
from leastloss.criteria import as_criterion
from leastloss.data import as_data
from leastloss.pruning import as_recovery

ROOT = Path(__file__).resolve().parents[1]
TEXTS = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "results" not in page.parts
}
BLOCKS = {name: re.findall(r"```python\n(.*?)```", text, re.S) for name, text in TEXTS.items()}
LINE = re.compile(r"^(?: {4})?mlflow run \. -e (\w+)(.*?)(?: +#.*)?$", re.MULTILINE)
FILES = [  # run elsewhere: in tests of their own, or on a cluster
    pytest.param(title, code, id=title)
    for text in TEXTS.values()
    for title, code in re.findall(r'```python title="(.*?)"\n(.*?)```', text, re.S)
]
COMMANDS = [
    pytest.param(entry, words, id=f"{name}-{entry}{words}"[:90])
    for name, text in TEXTS.items()
    for entry, words in LINE.findall(text.replace("\\\n", " "))
]
_STUDY = "experiments/seeds_digits.toml"
QUICK = 3  # epochs: examples are run for what they call, not for what comes out


def arrays() -> dict[str, Any]:
    """What a reader of the page on data has at hand."""
    x, y = torch.rand(100, 1, 8, 8), torch.arange(100) % 10
    torch.save(ll.ResNet((3, 32, 32), blocks=3, normalize="half").state_dict(), "resnet20.th")
    theirs = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))
    loader = DataLoader(TensorDataset(x, y), batch_size=16)
    return {
        "ll": ll,
        "nn": nn,
        "as_data": as_data,
        "loader": loader,
        "theirs": theirs,
        "x": x,
        "y": y,
        "x_test": x,
        "y_test": y,
    }


def logged() -> dict[str, Any]:
    """A network in the store, by its id."""
    data, model = ll.load_data("digits"), ll.MLP(64, (16,), 10)
    with tracking.run("compact", "small network", {}) as run_id:
        return {"model_id": tracking.log_network(run_id, model, data, "compact", {})}


def predictions() -> dict[str, Any]:
    """The artifact of a criterion run."""
    y = np.arange(20) % 10
    predicted = np.stack([y, (y + (y > 5)) % 10])
    np.savez("predictions.npz", predicted=predicted, dense=y, y=y, sparsity=np.array([0.0, 0.9]))
    return {}


BEFORE: dict[str, Callable[[], dict[str, Any]]] = {
    "README.md": logged,
    "docs/tracking.md": logged,
    "docs/data.md": arrays,
    "docs/evaluation.md": predictions,
}


@pytest.mark.parametrize("page", [name for name, blocks in BLOCKS.items() if blocks])
def test_python_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: MlflowClient
) -> None:
    monkeypatch.chdir(tmp_path)
    original = ll.fit

    def quick(*arguments: Any, **options: Any) -> Any:
        return original(*arguments, **options | {"epochs": min(options.get("epochs", 99), QUICK)})

    monkeypatch.setattr(ll, "fit", quick)
    monkeypatch.setattr(ll, "prune", partial(ll.prune, progress=False))
    names: dict[str, Any] = {"__name__": "example"}
    names |= BEFORE.get(page, dict)()
    for block in BLOCKS[page]:
        code = block.replace("<model id>", str(names.get("model_id")))
        (tmp_path / "example.py").write_text(code, encoding="utf-8")
        exec(compile(code, "example.py", "exec"), names)


@pytest.mark.parametrize(("title", "code"), FILES)
def test_files_are_python(title: str, code: str) -> None:
    assert compile(code, title, "exec")


@pytest.fixture(scope="module")
def entries() -> dict[str, Command]:
    return {name: load(name) for name in NAMES}


def options_of(words: str) -> dict[str, str]:
    """The options of a command, placeholders taken out."""
    options: dict[str, str] = {}
    pieces = [
        piece for piece in shlex.split(re.sub(r"<.*?>|\$", "", words)) if piece not in ("-P",)
    ]
    for piece in pieces[: pieces.index("--env-manager") if "--env-manager" in pieces else None]:
        key, equals, value = piece.partition("=")
        assert equals, piece
        options[key] = "1" if value == "seed" else value
    return options


@pytest.mark.parametrize(("entry", "words"), COMMANDS)
def test_commands_are_understood(entry: str, words: str, entries: dict[str, Command]) -> None:
    """Options exist and their values are of the right kind; files and runs are the reader's."""
    options = options_of(words)
    call = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    entries[entry].make_context(entry, call)
    for spec in filter(None, options.get("criteria", "").split(",")):
        as_criterion(spec.partition("@")[2] or spec)
    if "recovery" in options:
        as_recovery(options["recovery"])
    if options.get("file", "").startswith("experiments/"):
        assert (ROOT / options["file"]).is_file()


def test_examples_are_many() -> None:
    """An expression that finds none of them would pass."""
    assert sum(map(len, BLOCKS.values())) > 30
    assert len(COMMANDS) > 50


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_commands_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that name no file, run or cluster of the reader's, with small networks and few steps.

    Those that do are in ``tests/entrypoints/test_own_networks.py`` and ``test_own_data.py``.
    """
    monkeypatch.setattr("leastloss.experiment.train.fit", partial(_briefly, ll.fit))
    commands = {(name, words.strip()) for name, words in (case.values for case in COMMANDS)}
    theirs = re.compile(
        r"<|\$|/data|/code|models:|tokens|tables/|resnet|gtsrb|scheduler|experiment="
    )
    ours = [(name, options_of(words)) for name, words in commands if not theirs.search(words)]
    entry, small = Entry(), {"epochs": "1", "steps": "2"}
    entry.run("prune", criteria="nc,magnitude", artifacts="full")
    for name, options in sorted(ours, key=lambda case: case[0] != "prune"):
        fewer = {key: value for key, value in small.items() if key in options}
        if name == "sweep":
            fewer = {"dry_run": "yes", "file": str(ROOT / options.get("file", _STUDY))}
        if name in ("train", "prune"):
            fewer |= {"dataset": "digits", "hidden": "32,32" if "layers" in options else "32"}
        result = entry(name, **options | fewer)
        assert result.exit_code == 0, (name, options, result.output)
    assert len(ours) > 30


def _briefly(fit: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return fit(*arguments, **options | {"epochs": 1})
