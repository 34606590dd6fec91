"""The command line: flags from a configuration, and one clear line for every foreseeable error."""

import functools
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import Field, fields
from types import FrameType
from typing import Any, NoReturn

import click

from leastloss.errors import InputError, ResourceError, shortened

_FORESEEN = (InputError, ResourceError, OSError, MemoryError)


class _Command(click.Command):
    """A command whose usage errors are one short line each, also where a value is very long."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            line = _line(error.format_message())
            _tell_mlflow(line)
            raise click.UsageError(line, ctx=ctx) from None


def command(config: type[Any]) -> Callable[[Callable[[Any], None]], click.Command]:
    """Make a click command of a function that takes one configuration.

    Every field becomes a flag with its default and help. An ``InputError`` ends with exit code 2
    and the usage line, any other foreseeable failure with exit code 1 and one line; set
    ``LEASTLOSS_DEBUG=1`` to see the traceback instead.

    Example:
        >>> from dataclasses import dataclass, field
        >>> @dataclass
        ... class Config:
        ...     steps: int = field(default=3, metadata={"help": "Steps."})
        >>> @command(Config)
        ... def main(config):
        ...     '''Do it.'''
        >>> [option.name for option in main.params]
        ['steps']
    """

    def decorate(function: Callable[[Any], None]) -> click.Command:
        def invoke(**values: Any) -> None:
            with_errors(lambda: function(config(**values)))

        # A configuration's own flags come before those it inherits.
        depth = {
            name: depth
            for depth, base in reversed(list(enumerate(config.__mro__)))
            for name in vars(base).get("__annotations__", {})
        }
        flags = sorted(fields(config), key=lambda flag: depth[flag.name])
        options: list[click.Parameter] = [_option(flag) for flag in flags]
        settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
        name = function.__name__.removesuffix("_command")
        return _Command(
            name,
            callback=invoke,
            params=options,
            help=function.__doc__,
            context_settings=settings,
        )

    return decorate


@contextmanager
def loading() -> Iterator[None]:
    """Load modules without collecting garbage: there is next to none, and looking takes seconds.

    What the first load of a process made is left out of later searches for garbage too.

    Example:
        >>> with loading():
        ...     from leastloss.errors import InputError
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        _freeze()
        if enabled:
            gc.enable()


@functools.cache
def _freeze() -> None:
    """Once in a process; to ask the collector whether it was done would count all that it left."""
    gc.freeze()


def _option(f: Field[Any]) -> click.Option:
    kinds: dict[type[Any], Any] = {
        int: click.INT,
        float: click.FLOAT,
        str: click.STRING,
    }
    return click.Option(
        ["--" + f.name.replace("_", "-")],
        type=kinds[type(f.default)],
        default=f.default,
        show_default=f.default != "",
        help=f.metadata["help"],
    )


def with_errors(work: Callable[[], None]) -> None:
    """Run, and turn what can be foreseen into one line on stderr and an exit code."""
    before = signal.signal(signal.SIGTERM, _terminated)
    # Set before torch is first imported. Networks of this size gain little from more threads and
    # lose much on a busy machine; and one thread gives the same bits whatever the number of cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        work()
    except Exception as error:
        line = _line(str(error)) or type(error).__name__
        _tell_mlflow(line)
        if os.environ.get("LEASTLOSS_DEBUG") or not isinstance(error, _FORESEEN):
            raise
        if isinstance(error, InputError):
            raise click.UsageError(line) from None
        raise click.ClickException(line) from None
    except KeyboardInterrupt:
        click.echo("Error: interrupted; what was finished is kept", err=True)
        sys.exit(130)
    finally:
        signal.signal(signal.SIGTERM, before)


def _line(message: str) -> str:
    return " ".join(shortened(message).split())


def _tell_mlflow(reason: str) -> None:
    """Tell the run that ``mlflow run`` opened why nothing was done in it.

    MLflow itself marks such a run as FAILED, but knows no reason. It takes the run's id out of the
    environment when a recipe takes the run over; from there on that run says itself what failed.
    """
    if waiting := os.environ.get("MLFLOW_RUN_ID"):
        from leastloss import tracking  # heavy, and wanted here alone

        tracking.mark_refused(waiting, reason)


def _terminated(signum: int, frame: FrameType | None) -> NoReturn:
    """Let a polite kill unwind the stack like Ctrl-C, so that open runs are closed."""
    raise KeyboardInterrupt
