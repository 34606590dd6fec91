"""Make the environment that `mlflow run` looks for, and print its folder.

mlflow names the folder by a hash of python_env.yaml, of the lock and of the Python version. A plain
`mlflow run` would fill a missing one through pyenv; the uv manager needs no pyenv and gives the
folder the same name, so after this script the plain command finds it. A set-up that was killed
leaves a folder that mlflow would take for a whole one: only a marker written at the end counts.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mlflow.environment_variables import MLFLOW_ENV_ROOT
from mlflow.utils.environment import _PythonEnv
from mlflow.utils.virtualenv import _get_virtualenv_name

ROOT = Path(__file__).resolve().parent.parent
MARKER = ".leastloss-complete"


def project_env_dir(root: Path = ROOT) -> Path:
    """Return the folder where mlflow, running in this interpreter, looks for the environment."""
    python_env = _PythonEnv.from_yaml(root / "python_env.yaml")
    name: str = _get_virtualenv_name(python_env, root)
    return Path(MLFLOW_ENV_ROOT.get()) / name


def make_env(root: Path = ROOT) -> None:
    """Let mlflow make the environment by its uv manager.

    The run that mlflow insists on recording goes to a store that is thrown away. uv must find the
    very interpreter that this one is made from, which need not be on PATH.

    Raises:
        subprocess.CalledProcessError: mlflow or uv failed; their message is on stderr.
    """
    mlflow_run = [sys.executable, "-m", "mlflow", "run", str(root)]
    path = [Path(sys.executable).parent, Path(sys.base_prefix) / "bin", os.environ["PATH"]]
    with tempfile.TemporaryDirectory() as store:
        settings = {
            "PATH": os.pathsep.join(map(str, path)),
            "MLFLOW_TRACKING_URI": f"sqlite:///{store}/mlflow.db",
            "UV_PYTHON_DOWNLOADS": "never",
        }
        subprocess.run(
            [*mlflow_run, "-e", "environment", "--env-manager", "uv"],
            check=True,
            cwd=store,
            env=os.environ | settings,
            stdout=sys.stderr,
        )


def main() -> int:
    """Make or repair the environment; the folder goes to stdout, all else to stderr."""
    env_dir = project_env_dir()
    marker = env_dir / MARKER
    if not marker.exists():
        shutil.rmtree(env_dir, ignore_errors=True)
        try:
            make_env()
        except subprocess.CalledProcessError:
            shutil.rmtree(env_dir, ignore_errors=True)
            print("error: the environment of `mlflow run` could not be made", file=sys.stderr)
            return 1
        marker.touch()
    print(env_dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
