"""The tracking store: whether it answers, and what it says when it does not, in one line."""

import contextlib
import functools
import logging
import os
import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import SSLError
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError

import mlflow
import sqlalchemy
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from leastloss.errors import ResourceError
from leastloss.whole_files import written_whole

# A bar for every small file that a recipe fetches would bury what it prints.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# These loggers speak of things that are as they should be here (no pip in a uv environment), or
# print the traceback of an error that becomes one line here.
logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
logging.getLogger("alembic").setLevel(logging.ERROR)
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # each repeated request
# MLflow repeats a request to a server that is busy or gone; five times take a minute.
_REPEATS = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
os.environ.setdefault(_REPEATS, "5")

_PATIENCE = 20.0  # seconds; another process may be writing to the same file
_LONGEST = 60.0  # seconds that a call is repeated while a database is busy or gone
_FIRST = 10.0  # the same for the first look at a store that is gone: its address may be wrong
_GONE = (URLError, ConnectionError, TimeoutError)  # what the first look at a server may meet

T = TypeVar("T")


class _PatientClient(MlflowClient):
    """A client that repeats its calls while the database is busy or gone, for a bounded time."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("_") or not callable(value):
            return value
        return functools.partial(patiently, value)


def client() -> MlflowClient:
    """The client of the store that MLFLOW_TRACKING_URI names; by default ./mlflow.db."""
    uri = mlflow.get_tracking_uri()
    _check(uri)
    if (file := sqlite_file(uri)) and not Path(file).exists():
        # An open connection would go on writing to a file that has no name any more.
        raise ResourceError(f"the tracking store {store_name()} vanished")
    return _PatientClient()


def patiently(call: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """Call, and again while the database is busy or gone: for a minute, then its error stands."""
    return _repeated(_LONGEST, functools.partial(call, *arguments, **options))


def _repeated(seconds: float, call: Callable[[], T]) -> T:
    end, pause = time.monotonic() + seconds, 0.1
    while True:
        try:
            return call()
        except (MlflowException, OperationalError, *_GONE) as error:
            if time.monotonic() > end or not _passes(error):
                raise
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _passes(error: Exception) -> bool:
    """Whether the same call may go well later; MLflow itself repeats what servers refuse."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ConnectionError | TimeoutError):
        return True
    scheme = re.split(r"[+:]", mlflow.get_tracking_uri())[0]
    if scheme == "sqlite":
        return "database is locked" in str(error)
    if isinstance(error, OperationalError):  # what MLflow calls temporarily unavailable
        return True
    code = error.error_code if isinstance(error, MlflowException) else ""
    return scheme in DATABASE_ENGINES and code == "TEMPORARILY_UNAVAILABLE"


@contextlib.contextmanager
def without_patience() -> Iterator[None]:
    """Repeat no call: a store in trouble has had its time."""
    global _LONGEST
    before = _LONGEST, os.environ.get(_REPEATS, "")
    _LONGEST, os.environ[_REPEATS] = 0.0, "0"
    try:
        yield
    finally:
        _LONGEST, os.environ[_REPEATS] = before


def store_name() -> str:
    """The address of the tracking store, without a password.

    Example:
        >>> before = mlflow.get_tracking_uri()
        >>> mlflow.set_tracking_uri("postgresql://me:secret@host/db")
        >>> store_name()
        'postgresql://***@host/db'
        >>> mlflow.set_tracking_uri(before)
    """
    return re.sub(r"//[^/@]+@", "//***@", mlflow.get_tracking_uri())


@contextlib.contextmanager
def store_errors() -> Iterator[None]:
    """Turn what a tracking store may raise into one line that names the store."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = _reason(error)
        raise ResourceError(f"the tracking store {store_name()} fails: {reason}") from error


def _reason(error: BaseException) -> str:
    """What the database itself said, without the statement and the advice around it."""
    cause: BaseException | None = error
    while cause is not None:
        if original := getattr(cause, "orig", None):
            return str(original)
        cause = cause.__cause__
    line = " ".join(str(error).split())
    return line if len(line) <= 300 else f"{line[:180]} ... {line[-115:]}"  # the cause comes last


@functools.cache
def _check(uri: str) -> None:
    """Try the store: MLflow would retry a broken one for minutes."""
    scheme = re.split(r"[+:]", uri)[0]
    with store_errors():
        try:  # a file is busy at most
            seconds = _LONGEST if scheme == "sqlite" else min(_FIRST, _LONGEST)
            _repeated(seconds, functools.partial(_first_look, uri, scheme))
        except ImportError as error:  # a database's driver
            more = "; pip install 'leastloss[postgres]'" if scheme == "postgresql" else ""
            raise ResourceError(
                f"the tracking store {store_name()} needs more: {error}{more}"
            ) from error


def _first_look(uri: str, scheme: str) -> None:
    if scheme in DATABASE_ENGINES:
        _check_database(uri)
    elif scheme in ("http", "https"):
        _check_server(uri)
    with _alone(uri):
        _make_file(uri)
        MlflowClient(uri)


def sqlite_file(uri: str) -> str:
    """The file of a sqlite store; empty for any other store and for one in memory."""
    if re.split(r"[+:]", uri)[0] != "sqlite":
        return ""
    file = sqlalchemy.make_url(uri).database or ""
    return "" if file.startswith((":", "file:")) else file


def database() -> str:
    """The address of the store if it is a database that this process can open; else empty."""
    client()  # it makes what is missing
    uri: str = mlflow.get_tracking_uri()
    return uri if re.split(r"[+:]", uri)[0] in DATABASE_ENGINES else ""


def store_missing() -> bool:
    """Whether the store is a file that is yet to be made: who only reads it need not make it."""
    file = sqlite_file(mlflow.get_tracking_uri())
    path = Path(file)
    return bool(file) and not path.exists() and not any(part.is_file() for part in path.parents)


def _alone(uri: str) -> contextlib.AbstractContextManager[object]:
    """Let no other recipe make the tables of a new sqlite file at the same time."""
    file = sqlite_file(uri)
    return FileLock(f"{file}.lock", timeout=10 * _PATIENCE) if file else contextlib.nullcontext()


def _make_file(uri: str) -> None:
    """Make a new sqlite store elsewhere first: MLflow cannot go on with tables made in part."""
    path = Path(sqlite_file(uri) or ".")
    if path.is_dir() or (path.exists() and path.stat().st_size):
        return
    with written_whole(path) as place:
        new = place.with_name("new.db")
        MlflowClient(sqlalchemy.URL.create("sqlite", database=str(new)).render_as_string(False))
        shutil.copyfile(new, place)  # MLflow keeps the one that it made open


def _check_database(uri: str) -> None:
    url = sqlalchemy.make_url(uri)
    lite = url.get_backend_name() == "sqlite"
    if file := sqlite_file(uri):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": _PATIENCE} if lite else {})
    try:
        with engine.connect() as connection:
            if lite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # takes the right to write
                connection.rollback()
    finally:
        engine.dispose()


def _check_server(uri: str) -> None:
    try:
        urllib.request.urlopen(uri, timeout=_PATIENCE).close()
    except HTTPError:
        return  # it answers; whether it lets us in is for MLflow to find out
    except URLError as error:
        if not isinstance(error.reason, SSLError):  # MLflow has settings for certificates
            raise
