"""What a user takes home from a run: files that run without leastloss, and the card."""

import json
import re
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry, children, refused

from leastloss.models import read_network, save_network
from leastloss.models.mlp import MLP

FILES = ["MODEL_CARD.md", "model.json", "model.onnx", "model.pt2", "model.safetensors"]


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def table_of(card: str, first: str) -> list[list[str]]:
    rows = card[card.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("kind", ["own", "floats"])
def test_a_child_is_taken_home(
    kind: str, finished: MlflowClient, entry: Entry, pipeline: dict[str, str], tmp_path: Path
) -> None:
    child = children(finished, pipeline[kind])["nc"]
    run_id = child.info.run_id
    called = entry("export", run_id=run_id, step=2, out="home", license="MIT")
    assert called.exit_code == 0, called.output
    home = tmp_path / "home"
    assert names_in(home) == FILES
    assert re.search(
        r"ONNX Runtime agrees with the network to 1e-5 on \d+% of 64 samples", called.output
    )
    network = read_network(home / "model.safetensors")[0]
    kept = read_network(Path(finished.download_artifacts(run_id, "pruned_weights.safetensors")))[0]
    x = torch.rand(20, 1, 8, 8)
    with torch.no_grad():
        expected = network(x)
        assert torch.allclose(expected, kept(x), atol=1e-5)
        assert torch.allclose(
            torch.export.load(home / "model.pt2").module()(x), expected, atol=1e-5
        )
    session = onnxruntime.InferenceSession((home / "model.onnx").read_bytes())
    (logits,) = session.run(None, {"x": x.numpy()})
    assert np.abs(logits - expected.numpy()).max(axis=1).mean() < 1e-5
    card = (home / "MODEL_CARD.md").read_text()
    table = mlflow.artifacts.load_text(f"{child.info.artifact_uri}/table.csv").splitlines()
    last = dict(zip(table[0].split(","), table[-1].split(","), strict=True))
    rows = table_of(card, "class")
    assert len(rows) == 10
    for label, row in enumerate(rows):
        assert row[0] == str(label)
        assert float(row[4]) == pytest.approx(100 * float(last[f"recall_class_{label}"]), abs=0.051)
    assert 'license: "MIT"' in card
    assert "mlflow run . -e prune -P " in card
    assert child.data.tags["git.commit"][:10] in card
    assert "ONNX Runtime" in card
    facts = json.loads((home / "model.json").read_text())
    assert facts["files"]["model.onnx"]["bytes"] == (home / "model.onnx").stat().st_size
    assert facts["input"]["shape"] == [1, 8, 8]
    assert "compacted" in card or kind != "floats"  # its units were removed
    sizes = {row[0]: int(row[1].replace(",", "")) for row in table_of(card, "")}
    assert sizes["model.safetensors"] < sizes["dense network, safetensors"]


def test_by_default_the_usable_network_is_taken(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], tmp_path: Path
) -> None:
    child = children(finished, pipeline["usable"])["magnitude"]
    called = entry("export", run_id=child.info.run_id, formats="safetensors", out="home")
    assert called.exit_code == 0, called.output
    assert names_in(tmp_path / "home") == ["model.json", "model.safetensors"]
    facts = json.loads((tmp_path / "home" / "model.json").read_text())
    assert f"{facts['sparsity']:.6g}" == child.data.tags["leastloss.pruned_sparsity"]


def test_a_dense_network_and_a_file_are_exported(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], tmp_path: Path
) -> None:
    called = entry("export", run_id=pipeline["train"], formats="card", out="dense")
    assert called.exit_code == 0, called.output
    assert "mlflow run . -e train" in (tmp_path / "dense" / "MODEL_CARD.md").read_text()
    save_network(tmp_path / "net.safetensors", MLP(6, (5,), 3))
    called = entry("export", file="net.safetensors", formats="pt2,card", out="file")
    assert called.exit_code == 0, called.output
    assert "Which classes paid" not in (tmp_path / "file" / "MODEL_CARD.md").read_text()
    # A fresh process with torch alone.
    code = (
        "import sys, torch; net = torch.export.load(sys.argv[1]).module();"
        "print(tuple(net(torch.zeros(5, 6)).shape), 'leastloss' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "file" / "model.pt2")],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == "(5, 3) False\n"


def test_bad_input_is_one_line_and_writes_nothing(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], tmp_path: Path
) -> None:
    child = children(finished, pipeline["own"])["nc"].info.run_id
    cases: list[tuple[dict[str, object], int, str]] = [
        ({"formats": "pickle"}, 2, "format 'pickle'"),
        ({"formats": ""}, 2, "formats is empty"),
        ({"run_id": child, "step": 9}, 2, "has 0 to 2"),
        ({"run_id": child, "step": 1, "sparsity": 0.5}, 2, "give one of them"),
        ({"run_id": child, "sparsity": 0.99}, 2, "goes from 0 to 0.9493"),
        ({"run_id": child, "compact": "yes", "formats": "pt2", "sparsity": 2}, 2, "in \\[0, 1\\]"),
        ({"run_id": pipeline["own"]}, 2, "has several networks; name one of: .*nc [0-9a-f]{32}"),
        ({"run_id": pipeline["train"], "step": 1}, 2, "trained a dense network"),
        ({"file": "nowhere.safetensors"}, 1, "there is no file nowhere"),
        ({"file": f"{300 * 'a'}.safetensors"}, 1, "there is no file aaa"),
        ({"file": "a", "run_id": child}, 2, "leave out run_id"),
    ]
    for options, code, said in cases:
        assert re.search(said, refused(entry("export", out="home", **options), code)), options
    (tmp_path / "broken.safetensors").write_bytes(b"\x80\x04cos\nsystem\n")
    assert "damaged" in refused(entry("export", file="broken.safetensors", out="home"), 1)
    assert not (tmp_path / "home").exists()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "MODEL_CARD.md").write_text("mine")
    line = refused(entry("export", run_id=child, formats="card", out="home"), 2)
    assert "home holds MODEL_CARD.md already" in line
    assert (tmp_path / "home" / "MODEL_CARD.md").read_text() == "mine"
    called = entry("export", run_id=child, formats="card", out="home", overwrite="yes")
    assert called.exit_code == 0, called.output
    assert (tmp_path / "home" / "MODEL_CARD.md").read_text() != "mine"


def test_the_card_says_what_a_robustness_run_measured(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str], tmp_path: Path
) -> None:
    child = children(finished, pipeline["given"])["magnitude"]
    called = entry(
        "robustness", run_id=pipeline["given"], corruptions="gaussian,shot", severities="1,3"
    )
    assert called.exit_code == 0, called.output
    robustness_id = called.stdout.split()[-1]
    called = entry("export", run_id=child.info.run_id, formats="card", out="home")
    assert called.exit_code == 0, called.output
    table = pd.read_csv(finished.download_artifacts(robustness_id, "table.csv"))
    of = table[(table["criterion"] == "magnitude") & (table["corruption"] == "shot")]
    rows = table_of((tmp_path / "home" / "MODEL_CARD.md").read_text(), "noise")
    assert [row[0] for row in rows] == [
        "gaussian, mean of severities 1, 3",
        "shot, mean of severities 1, 3",
    ]
    assert float(rows[1][1]) == pytest.approx(100 * of["accuracy"].mean(), abs=0.051)
