"""Samples in, damaged samples out; and what is refused before."""

from collections.abc import Iterable

import torch

from leastloss.data import _checks
from leastloss.data.corruptions.registry import CORRUPTIONS
from leastloss.data.noise_scale import NoiseScale, noise_scale
from leastloss.errors import InputError, choose


def check_corruptions(
    names: Iterable[str], x: torch.Tensor, scale: NoiseScale | None = None, *, maps: bool = False
) -> None:
    """Refuse corruptions that do not exist or that samples cannot have, before anything is run.

    Raises:
        InputError: If a name is unknown, a corruption needs images and ``x`` holds none, needs
            light and ``x`` is a table, moves what has ``maps`` of labels, or ``x`` is no finite
            float.
    """
    if isinstance(names, str):
        raise InputError(f"corruptions is the text {names!r}; give a list, as in ['gaussian']")
    for name in names:
        choose("corruption", name, CORRUPTIONS)
    fitting = applicable(x, scale, maps=maps)
    for name in names:
        if name not in fitting:
            if maps and CORRUPTIONS[name].moves:
                raise InputError(
                    f"{name} moves images and not the maps of their labels; such samples can have: "
                    f"{', '.join(fitting)}"
                )
            needs = "images (n, C, H, W)" if CORRUPTIONS[name].images else "values in [0, 1]"
            raise InputError(
                f"{name} needs {needs}, and the samples have shape {tuple(x.shape)}; "
                f"they can have: {', '.join(fitting)}"
            )


def corrupt(
    x: torch.Tensor,
    name: str,
    severity: int,
    generator: torch.Generator,
    scale: NoiseScale | None = None,
) -> torch.Tensor:
    """Return damaged samples; ``x`` itself stays as it is.

    Values in [0, 1] are clipped to it. Images of another range (normalised ones) are mapped to
    [0, 1] by the range of each channel, damaged, clipped and mapped back. To tables, ``gaussian``
    adds noise in units of each feature's standard deviation, and ``impulse`` sets values to the
    feature's least or greatest.

    Args:
        x: Images of any float type, shape (n, C, H, W); noise of single values takes samples of
            any shape.
        name: One of `CORRUPTIONS`.
        severity: 1 (slight) to 5 (severe).
        generator: Where what is random comes from, on the device of ``x``.
        scale: As :func:`leastloss.data.noise_scale` finds it; of ``x`` itself when omitted.

    Raises:
        InputError: If the name is unknown, the severity is not in 1..5, ``x`` is no finite float,
            or it holds no images and the corruption needs them.

    Example:
        >>> from leastloss.seeds import torch_stream
        >>> noisy = corrupt(torch.full((2, 1, 8, 8), 0.5), "shot", 5, torch_stream(0, "noise"))
        >>> noisy.shape, bool((noisy <= 1).all())
        (torch.Size([2, 1, 8, 8]), True)
    """
    scale = noise_scale(x) if scale is None else scale
    check_corruptions([name], x, scale)
    corruption = CORRUPTIONS[name]
    parameter = corruption.severities[_checks.integer("severity", severity, 1, 5) - 1]
    return scale.apply(corruption, x, parameter, generator)


def applicable(
    x: torch.Tensor, scale: NoiseScale | None = None, *, maps: bool = False
) -> tuple[str, ...]:
    """Names of the corruptions that samples can have: all of images, noise alone of others.

    Those with ``maps`` of labels can have none that moves what is seen.

    Example:
        >>> len(applicable(torch.zeros(1, 1, 8, 8))), applicable(torch.zeros(1, 9))
        (12, ('gaussian', 'shot', 'impulse', 'speckle'))
        >>> applicable(torch.randn(5, 9))
        ('gaussian', 'impulse')
    """
    scale = noise_scale(x) if scale is None else scale
    return tuple(
        c.name
        for c in CORRUPTIONS.values()
        if (x.ndim == 4 or not c.images) and scale.takes(c) and not (maps and c.moves)
    )
