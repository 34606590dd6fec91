"""Take a network home from Python."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.data import as_data
from leastloss.deploy.card_facts import ExportedNetwork
from leastloss.deploy.export_files import FILES, check_export, export_network
from leastloss.errors import InputError
from leastloss.models import weight_layers, zeros_of
from leastloss.pruning import PruningPath

_SAMPLES = 64


@checked
def export(
    network: PruningPath | nn.Module,
    out: str | PathLike[str],
    data: Any,
    *,
    sparsity: float | None = None,
    dense: nn.Module | None = None,
    formats: Sequence[str] = tuple(FILES),
    compact: str = "auto",
    license: str = "",
    about: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the files of a network that run without leastloss, and its model card.

    ``model.pt2`` (torch alone reads it), ``model.onnx`` (ONNX Runtime is run, and must agree),
    ``model.safetensors`` (packed; :func:`leastloss.load_network` reads it) with ``model.json``, and
    ``MODEL_CARD.md``: classes and their recall before and after, sizes, speed.

    Args:
        network: A path, or a network.
        out: Folder of the files; made if need be.
        data: What the network was trained on, as :func:`leastloss.prune` takes it; or a tensor of
            samples that it reads, shape (2 or more, ...): the card then says nothing of classes.
        sparsity: Which network of a path; its last by default.
        dense: What a network was pruned from; a path knows it.
        formats: Of ``pt2``, ``onnx``, ``safetensors`` and ``card`` those to write.
        compact: Whether units that do nothing are taken out: ``yes``, ``no``, or ``auto`` (where
            the network can lose them).
        license: What the card states, as SPDX spells it.
        about: More facts for the card.
        overwrite: Whether the files of an earlier export are replaced.

    Returns:
        The folder.

    Raises:
        InputError: If an argument is wrong, a file is there already, the network cannot be written
            in a format, or ONNX Runtime gives other logits than the network.
        ResourceError: If a package is missing or nothing can be written.

    Example:
        >>> import tempfile
        >>> import leastloss as ll
        >>> data = ll.load_data("digits", seed=0)
        >>> path = ll.prune(ll.MLP(64, (8,), 10), data, "magnitude", steps=1, progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     home = ll.export(path, folder, data, formats=["pt2", "card"])
        ...     sorted(file.name for file in home.iterdir())
        ['MODEL_CARD.md', 'model.pt2']
    """
    folder = Path(out)
    check_export(folder, formats, overwrite=overwrite)
    facts = dict(about or {})
    if isinstance(network, PruningPath):
        if dense is not None:
            raise InputError("a path knows the dense network; leave out dense")
        at = len(network.removal_order) / len(network.parts) if sparsity is None else sparsity
        model, dense, share = network.model_at(at), network.dense, at
        settings = {key: str(value) for key, value in network.settings.items()}
        pruned = {"pruned by": f"{settings['criterion']}, repaired by {settings['recovery']}"}
        facts = pruned | facts
    else:
        if sparsity is not None:
            raise InputError("sparsity chooses a network of a path; leave it out")
        model, share = network, _share_of_zeros(network)
    known = None if isinstance(data, Tensor) else as_data(data)
    samples = (data if known is None else known.test.x)[:_SAMPLES]
    export_network(
        ExportedNetwork(
            model=model,
            dense=model if dense is None else dense,
            x=samples,
            sparsity=share,
            data=known,
            about=facts,
        ),
        folder,
        formats=formats,
        compacted=compact,
        license=license,
        overwrite=overwrite,
    )
    return folder


def _share_of_zeros(model: nn.Module) -> float:
    total = sum(layer.weight.numel() for layer in weight_layers(model).values())
    return sum(int((~mask).sum()) for mask in zeros_of(model).values()) / max(total, 1)
