"""A tracking server on PostgreSQL in a temporary folder, for tests and benchmarks.

    python scripts/tracking_server.py

prints its address and serves until it is ended; then all that it holds is removed.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PROGRAMS = ("initdb", "postgres")
_PATIENCE = 120.0  # seconds; MLflow makes its tables at the first start


def why_not() -> str:
    """Why no such server can be started here; empty where it can."""
    missing = [name for name in _PROGRAMS if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)} of PostgreSQL not on PATH (Debian: package postgresql)"
    if not find_spec("psycopg"):
        return "psycopg is not installed: pip install 'leastloss[postgres]'"
    return ""


@contextmanager
def tracking_server(workers: int = 1, *, sync: bool = False) -> Iterator[str]:
    """Start PostgreSQL and an MLflow server on it, artifacts through the server.

    Args:
        workers: Processes of the MLflow server.
        sync: Whether the database waits for the disk, as it should where data matter.

    Yields:
        The server's address, for MLFLOW_TRACKING_URI.
    """
    with (
        _postgres(sync=sync) as (database, folder),
        server_of(f"postgresql+psycopg://{database}", folder, workers) as uri,
    ):
        yield uri


@contextmanager
def server_of(database: str, folder: str, workers: int = 1) -> Iterator[str]:
    """Start an MLflow server on a database; its artifacts and its log lie in the folder."""
    port = _free_port()
    uri = f"http://127.0.0.1:{port}"
    words = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
    words += ["--workers", str(workers), "--artifacts-destination", f"{folder}/artifacts"]
    environment = os.environ | {"MLFLOW_BACKEND_STORE_URI": database}
    with _running(words, Path(folder, "server.log"), cwd=folder, env=environment) as server:
        _until(lambda: urllib.request.urlopen(f"{uri}/health", timeout=5).close(), server)
        yield uri


@contextmanager
def _postgres(*, sync: bool) -> Iterator[tuple[str, str]]:
    """A cluster on loopback that ends with the block: its address, and the folder it is in."""
    import psycopg

    with tempfile.TemporaryDirectory(prefix="leastloss-postgres-") as folder:
        user: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:  # initdb and postgres refuse to be root
            nobody = pwd.getpwnam("nobody")
            user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        data, password, port = f"{folder}/data", secrets.token_hex(16), _free_port()
        file = Path(folder, "password")
        file.write_text(password)
        file.chmod(0o644)  # the folder is closed to others
        words = ["initdb", "-D", data, "-U", "mlflow", "-A", "scram-sha-256", "--no-sync"]
        words += ["--encoding=UTF8", "--locale=C", f"--pwfile={file}"]
        subprocess.run(words, check=True, capture_output=True, **user)
        words = ["postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""]
        words += ["-c", f"fsync={'on' if sync else 'off'}"]
        address = f"mlflow:{password}@127.0.0.1:{port}/postgres"
        with _running(words, Path(folder, "postgres.log"), **user) as server:
            _until(lambda: psycopg.connect(f"postgresql://{address}").close(), server)
            yield address, folder


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _running(words: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process, which is ended with its children."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            words, stdout=file, stderr=subprocess.STDOUT, start_new_session=True, **options
        )
    try:
        yield process
    except RuntimeError as error:
        raise RuntimeError(f"{error}; its last words: {log.read_text()[-2000:]}") from error
    finally:
        for ending in (signal.SIGINT, signal.SIGKILL):  # PostgreSQL: without waiting for clients
            if process.poll() is None:
                os.killpg(process.pid, ending)
            try:
                process.wait(timeout=20)
                break
            except subprocess.TimeoutExpired:
                continue


def _until(answers: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Wait until it answers."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            answers()
            return
        except Exception as error:  # of the driver or of the connection
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"process {process.pid} does not answer") from error
            time.sleep(0.2)


if __name__ == "__main__":
    if reason := why_not():
        sys.exit(reason)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *rest: sys.exit())
    with tracking_server(sync=True) as uri:
        print(f"export MLFLOW_TRACKING_URI={uri}", flush=True)
        signal.pause()
