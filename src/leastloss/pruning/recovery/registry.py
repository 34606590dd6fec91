"""Every recovery by name, and what a user writes: ``recalibrate+finetune:epochs=3``, ``auto``."""

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from leastloss.errors import InputError, choose
from leastloss.models import any_binary
from leastloss.pruning.recovery.adjust import Adjust
from leastloss.pruning.recovery.base import Chain, NoRecovery, Recovery
from leastloss.pruning.recovery.compensate import Compensate
from leastloss.pruning.recovery.finetune import Finetune
from leastloss.pruning.recovery.recalibrate import Recalibrate
from leastloss.pruning.recovery.refit import Refit
from leastloss.specs import read_options, split_spec

# To add one: a file with its class, and a line here.
RECOVERIES: dict[str, Callable[[], Recovery]] = {
    "none": NoRecovery,
    "recalibrate": Recalibrate,
    "compensate": Compensate,
    "refit": Refit,
    "finetune": Finetune,
    "adjust": Adjust,
}

AUTO = "auto"
"""The recovery that a network can take; see :func:`recovery_for`."""


def as_recovery(recovery: str | Recovery) -> Recovery:
    """Turn a spec into a recovery; a recovery stays as it is.

    Args:
        recovery: A name, a name with options (``name:option=value:option=value``), or several
            of these with plus signs, which repair one after the other.

    Raises:
        InputError: If it is neither, a name or an option is unknown, a value wrong, or ``none`` is
            in a chain.

    Example:
        >>> as_recovery("finetune:epochs=2")
        Finetune(epochs=2, lr=0.001, batch_size=64, loss='plain', batchnorm='train')
        >>> as_recovery("recalibrate + finetune:epochs=2:lr=0.001").label
        'recalibrate+finetune:epochs=2'
    """
    if isinstance(recovery, Recovery):
        return recovery
    if not isinstance(recovery, str):
        raise InputError(f"recovery is {recovery!r}; it must be a name or a Recovery")
    links = tuple(_link(spec) for spec in _split(recovery))
    if len(links) == 1:
        return links[0]
    if any(isinstance(link, NoRecovery) for link in links):
        raise InputError(f"recovery {recovery!r} chains 'none' with others; leave it out")
    return Chain(links=links)


def _split(spec: str) -> list[str]:
    """Cut at plus signs, but not inside a number such as ``lr=1e+3``."""
    pieces: list[str] = []
    for piece in spec.split("+"):
        if pieces and piece[:1].isdigit():
            pieces[-1] += f"+{piece}"
        else:
            pieces.append(piece)
    return pieces


def _link(spec: str) -> Recovery:
    name, texts = split_spec(spec)
    if choose("recovery", name, [AUTO, *RECOVERIES]) == AUTO:
        raise InputError(f"recovery {spec!r} depends on the network, and takes no options")
    plain = RECOVERIES[name]()
    options = read_options(plain, texts)
    return replace(plain, **options) if options else plain  # type: ignore[type-var]  # dataclasses


def spelled(recovery: str, *, binary: bool) -> str:
    """A spec in which ``auto`` is written out: ``recalibrate`` or ``compensate``.

    Example:
        >>> spelled("auto+adjust", binary=True), spelled("auto", binary=False)
        ('recalibrate+adjust', 'compensate')
    """
    links = (link.strip() for link in recovery.split("+"))
    usual = "recalibrate" if binary else "compensate"
    return "+".join(usual if link == AUTO else link for link in links)


def recovery_for(recovery: str | Recovery, model: nn.Module) -> Recovery:
    """Turn a spec into a recovery; ``auto`` is ``recalibrate`` in networks with a binary layer.

    Binary layers cannot take the real weights that ``compensate`` sets; all others can.

    Raises:
        InputError: As :func:`leastloss.pruning.as_recovery`.

    Example:
        >>> recovery_for("auto", nn.Linear(2, 2)).label
        'compensate'
    """
    if isinstance(recovery, str):
        recovery = spelled(recovery, binary=any_binary(model.modules()))
    return as_recovery(recovery)
