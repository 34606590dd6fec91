"""The environment of a run: versions, commit, device, threads."""

import functools
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = ("torch", "torchvision", "numpy", "numba", "scikit-learn", "pybdm", "mlflow")


@functools.cache
def environment() -> dict[str, str]:
    """Tags that every run carries; read once per process.

    Example:
        >>> "version.torch" in environment()
        True
    """
    commit = _git("rev-parse", "HEAD")
    tags = {f"version.{name}": _version(name) for name in ("leastloss", *PACKAGES)}
    tags["version.python"] = platform.python_version()
    tags["git.commit"] = commit or "unknown"
    tags["git.dirty"] = str(bool(_git("status", "--porcelain"))).lower() if commit else "unknown"
    tags["platform"] = platform.platform()
    tags["device"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    tags["threads"] = str(torch.get_num_threads())
    return tags


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source" if package == "leastloss" else "not installed"


def _git(*arguments: str) -> str:
    """Ask git about the checkout that holds this package; empty if it lies in none."""
    here = Path(__file__).parent
    command = ["git", "-C", str(here), *arguments]
    try:
        # A package installed in an environment inside some checkout is not that checkout's.
        tracked = ["git", "-C", str(here), "ls-files", "--error-unmatch", Path(__file__).name]
        subprocess.run(tracked, capture_output=True, check=True)
        answer = subprocess.run(command, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()
