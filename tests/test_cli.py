"""Errors become one line and an exit code; bugs stay bugs."""

import gc
import signal
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

from leastloss.cli import command, loading
from leastloss.errors import InputError, ResourceError


@dataclass(frozen=True)
class Config:
    batch_size: int = field(default=3, metadata={"help": "Samples."})


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("a is 1;\n it must be 2"), 2, "Error: a is 1; it must be 2"),
        (ResourceError("no network"), 1, "Error: no network"),
        (OSError(28, "No space left on device"), 1, "Error: [Errno 28] No space left on device"),
        (MemoryError(), 1, "Error: MemoryError"),
        (KeyboardInterrupt(), 130, "Error: interrupted; what was finished is kept"),
    ],
)
def test_one_line_and_an_exit_code(error: BaseException, code: int, line: str) -> None:
    @command(Config)
    def fail(config: Config) -> None:
        raise error

    result = CliRunner().invoke(fail, [])
    assert result.exit_code == code
    assert result.stderr.splitlines()[-1] == line


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASTLOSS_DEBUG", "1")

    @command(Config)
    def fail(config: Config) -> None:
        raise InputError("wrong")

    assert isinstance(CliRunner().invoke(fail, []).exception, InputError)


def test_a_polite_kill_is_an_interrupt_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    @command(Config)
    def terminated(config: Config) -> None:
        signal.raise_signal(signal.SIGTERM)

    assert CliRunner().invoke(terminated, []).exit_code == 130
    assert signal.getsignal(signal.SIGTERM) is before


def test_fields_are_flags() -> None:
    seen = []

    @command(Config)
    def show_command(config: Config) -> None:
        """Show it."""
        seen.append(config)

    assert CliRunner().invoke(show_command, ["--batch-size", "5"]).exit_code == 0
    assert seen == [Config(batch_size=5)]
    assert show_command.name == "show"
    assert "Samples.  [default: 3]" in CliRunner().invoke(show_command, ["-h"]).output


def test_usage_errors_are_one_short_line() -> None:
    @command(Config)
    def main(config: Config) -> None: ...

    for words in (["--batch-size", "x" * 20_000], [f"--{'x' * 20_000}"], ["a\nb"]):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 2
        *usage, line = [text for text in result.stderr.splitlines() if text]
        assert [text.split()[0] for text in usage] == ["Usage:", "Try"]
        assert line.startswith("Error: ")
        assert len(line) < 200


@pytest.mark.parametrize("words", [["--batch-size", "many"], []])
def test_a_call_that_mlflow_run_made_is_marked_as_refused(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    @command(Config)
    def main(config: Config) -> None:
        raise InputError("it is too much")

    waiting = store.create_run(store.get_experiment_by_name("test").experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", waiting)
    assert CliRunner().invoke(main, words).exit_code == 2
    tags = store.get_run(waiting).data.tags
    assert tags["leastloss.refused"] == "true"
    assert tags["failure"].endswith("'many' is not a valid integer." if words else "too much")
    assert "leastloss.kind" not in tags


@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_is_collected_while_modules_load_and_all_is_as_before(enabled: bool) -> None:
    def fails() -> NoReturn:
        with loading():
            assert not gc.isenabled()
            raise ImportError

    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(ImportError):
            fails()
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert gc.get_freeze_count()


def test_what_was_left_out_is_not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with loading():
        pass
    asked: list[str] = []
    monkeypatch.setattr(gc, "freeze", lambda: asked.append("freeze"))
    monkeypatch.setattr(gc, "get_freeze_count", lambda: asked.append("count"))
    with loading():
        pass
    assert asked == []
