"""The compiled code on disk must belong to the sources."""

import hashlib
import importlib
from pathlib import Path

import pytest

INFORMATION = [
    "_deal",
    "_kernels",
    "_losses",
    "_members",
    "_queue",
    "_ranks",
    "_rounds",
    "_sets",
    "_tree",
]


@pytest.mark.parametrize(
    "name", [*(f"information.{name}" for name in INFORMATION), "geometry._surgeon"]
)
def test_kernels_name_the_sources_of_their_helpers(name):
    module = importlib.import_module(f"leastloss.{name}")
    source = Path(module.__file__)
    now = {
        helper: hashlib.sha256(_source(source.parents[1], helper).read_bytes()).hexdigest()[:12]
        for helper in module.BUILT_ON
    }
    assert now == module.BUILT_ON, f"bring BUILT_ON in {name}.py up to date (see _compile.py)"
    imported = {
        line.split()[1].rpartition(".")[2]
        for line in source.read_text().splitlines()
        if line.startswith(("from leastloss.information._", "from leastloss._"))
    }
    assert {*now} >= imported - {"_types"}


def _source(package: Path, helper: str) -> Path:
    """What all kernels share stands at the top."""
    return package / ("" if helper == "_compile" else "information") / f"{helper}.py"
