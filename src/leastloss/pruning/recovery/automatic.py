"""The recovery of those who name none: what a network can take, the same for every criterion."""

from torch import nn

from leastloss.models import any_binary
from leastloss.pruning.recovery.base import Recovery
from leastloss.pruning.recovery.registry import AUTO, as_recovery


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
