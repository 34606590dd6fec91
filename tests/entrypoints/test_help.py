"""Help answers at once, and MLproject says what the commands say."""

import subprocess
import sys
import time

import click
import pytest
import yaml
from tests.entrypoints.conftest import NAMES, ROOT, Entry

PROJECT = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]


@pytest.mark.parametrize("name", NAMES)
def test_help_imports_nothing_heavy(name: str) -> None:
    code = (
        "import atexit, runpy, sys\n"
        "atexit.register(lambda: print('HEAVY', sorted({'torch', 'mlflow', 'pandas', 'numpy'}"
        " & set(sys.modules))))\n"
        f"sys.argv = ['{name}.py', '--help']\n"
        f"runpy.run_path(r'{ROOT}/entrypoints/{name}.py', run_name='__main__')\n"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 5  # 0.2 s on an idle machine
    assert done.stdout.endswith("HEAVY []\n")
    assert "Examples:" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_mlproject_has_the_parameters_and_defaults_of_the_command(name: str, entry: Entry) -> None:
    options = {option.name: option for option in entry.commands[name].params}
    parameters = PROJECT[name]["parameters"]
    assert set(parameters) == set(options)
    kinds = {"string": click.STRING, "int": click.INT, "float": click.FLOAT}
    for key, parameter in parameters.items():
        assert parameter["default"] == options[key].default, key
        assert kinds[parameter["type"]] is options[key].type, key


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(name: str, entry: Entry) -> None:
    for option in entry.commands[name].params:
        assert isinstance(option, click.Option)
        assert len(option.help or "") > 10, option.name
