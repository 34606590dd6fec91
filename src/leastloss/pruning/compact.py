"""A physically smaller network with equal outputs: what nothing enters or nothing reads is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.errors import InputError, notice
from leastloss.models import (
    MLP,
    Binarize,
    BinarizedMLP,
    ConvNet,
    CoupledLayers,
    Masks,
    ResNet,
    TorchvisionNetwork,
    Units,
    effective_weight,
    evaluation_mode,
    find_units,
    fitting,
    hooked,
    mask_of,
    matched,
    misused,
    own_copy,
    same_randomness,
    spans_of,
    untouched,
    weight_layers,
)
from leastloss.pruning.fold_constants import fold_constants
from leastloss.pruning.masks import apply_masks
from leastloss.pruning.remove_units import cut, silence
from leastloss.seeds import torch_stream

_CLOSE = 1e-4  # of the largest logit: sums of float32 in another order
_SAMPLES = 16  # of random numbers in [0, 1), and as many of a normal distribution
_GIVEN = 64  # of the caller's samples
_TRIED = 2


@checked
def compact(
    model: nn.Module, masks: Masks | None = None, sample: Tensor | None = None
) -> nn.Module:
    """Remove the hidden units that do nothing, and return a smaller network with equal outputs.

    Two kinds of units go: those that no later layer reads, and those that nothing enters, whose
    value is one constant, which the next layer's bias takes in (behind a binary layer, the mean of
    the BatchNorm that reads it). What a removal leaves without inputs or readers goes as well.
    Equal are the outputs in evaluation mode, to the rounding of sums in another order.

    A constant unit stays where the next layer cannot take its value: at a convolution whose padding
    makes the value's share differ from one position to the next, at a binary layer that no
    BatchNorm reads, where several layers make or read the unit. So do units that cannot be traced,
    those in front of a module with a state of its own that is no BatchNorm, the last unit of a
    layer, and heads of attention whose number the code counts on (a warning names the module).
    Single pruned weights that leave their unit alive make no network smaller or faster: its
    matrices stay dense.

    Args:
        model: A network of Linear and Conv2d layers; channels that are added, multiplied,
            concatenated or read in groups, and heads of attention, are followed
            (:func:`leastloss.models.traced_units.traced_units`). It is left as it is.
        masks: What is kept, by layer; when omitted, what the network was pruned with: masks of
            binary layers, and weights of exactly 0 in all others.
        sample: One or more samples, shape (n, ...); needed by networks that begin with a
            convolution and are not of this package, and by those that look tokens up. Outputs are
            compared on the first 64 of them, and on random numbers.

    Returns:
        A copy, in evaluation mode. Of a network with one layer: as it was.

    Raises:
        InputError: If none of its units can be traced, the size of its input is not known, the
            sample does not call a pruned layer, or the code counts on the widths of its layers:
            then the outputs would change.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> with torch.no_grad():
        ...     _ = net[0].weight[0].zero_(), net[2].weight[:, 1].zero_()
        >>> compact(net)
        Sequential(
          (0): Linear(in_features=2, out_features=1, bias=True)
          (1): ReLU()
          (2): Linear(in_features=1, out_features=2, bias=True)
        )
    """
    with untouched(model), torch.no_grad():
        return _compacted(model, masks, sample)


def _compacted(model: nn.Module, masks: Masks | None, sample: Tensor | None) -> nn.Module:
    """See :func:`compact`."""
    small = own_copy(model).eval()
    if masks:
        apply_masks(small, masks)
    if len(weight_layers(small)) == 1:
        return small
    x = _samples(small, sample)
    try:
        with fitting(x):
            units, _ = find_units(small, x[:_TRIED])
        _check_called(small, x)
    except InputError as error:
        reason = str(error).rpartition("; use the granularity")[0] or str(error)
        raise InputError(f"the network cannot be made smaller: {reason}") from error
    try:
        return _smaller(small, x, units)
    except InputError:
        fixed = [name for name, coupled in units.items() if _counts_heads(small, x, name, coupled)]
        if not fixed:
            raise
    places = ", ".join(repr(units[name].attention) for name in fixed)
    notice(
        f"pruned heads stay in {places}: the code there counts on how many there are (a bias of "
        "each?)"
    )
    return _smaller(small, x, {name: units[name] for name in units if name not in fixed})


def _check_called(model: nn.Module, x: Tensor) -> None:
    """Refuse a pruned layer that does not run: of a network that branches, one branch is seen."""
    layers, tried = weight_layers(model), x[:_TRIED]
    left_out = dict[str, None]()
    for batch in (tried, x):  # units are found on the first, and removed on the second
        called = set[str]()
        with hooked(layers, lambda name, *_, called=called: called.add(name)):
            _logits(model, batch)
        left_out |= dict.fromkeys(name for name in layers if name not in called)
    if not left_out:
        return
    used = misused(model, tried)  # without a call, as attention uses its projection
    for name in left_out:
        if name in used:
            continue
        layer = layers[name]
        if mask_of(layer) is not None or bool((effective_weight(layer) == 0).any()):
            raise InputError(
                f"layer {name!r} is not called by the sample; its first {_TRIED}, and all of it at "
                "once, must call every pruned layer"
            )
        notice(
            f"layer {name!r} is not called by the sample and stays as it is; where other samples "
            "call it, the smaller network may not run"
        )


def _smaller(model: nn.Module, x: Tensor, units: Units) -> nn.Module:
    """A copy without those of the units that do nothing."""
    small, before = own_copy(model), _logits(model, x)
    with _running(small) as stack:
        try:
            _remove(small, x, units)
            after = _logits(small, x)
        except (RuntimeError, ValueError) as error:
            cause = " ".join(str(error).split())
            place = repr(stack[-1]) if stack and stack[-1] else type(small).__name__
            raise InputError(
                f"the network cannot be made smaller: its code counts on its widths, at {place} "
                f"({cause})"
            ) from error
    _check_equal(after, before, signs=any(isinstance(m, Binarize) for m in small.modules()))
    return small


@contextmanager
def _running(model: nn.Module) -> Iterator[list[str]]:
    """Names of the modules that are running, the innermost last."""
    stack: list[str] = []

    def leave(*_: object) -> None:
        stack.pop()

    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(lambda *_, name=name: stack.append(name)))
        handles.append(module.register_forward_hook(leave))
    try:
        yield stack
    finally:
        for handle in handles:
            handle.remove()


def _counts_heads(model: nn.Module, x: Tensor, name: str, coupled: CoupledLayers) -> bool:
    """Whether the code around attention cannot do with fewer heads, as with a bias of each."""
    if coupled.attention is None:
        return False
    try:
        _smaller(model, x, {name: coupled})
    except InputError:
        return True
    return False


def _remove(model: nn.Module, x: Tensor, units: Units) -> None:
    """From the last layer what is not read, then from the first layer what is constant."""
    passed = {name: _passed(model, x, name, coupled) for name, coupled in units.items()}
    units = {name: coupled for name, coupled in passed.items() if coupled is not None}
    dead = {name: torch.zeros(len(coupled), dtype=torch.bool) for name, coupled in units.items()}
    while _silence_unread(model, units, dead):
        pass  # what a removal leaves without readers goes as well
    for name, coupled in units.items():
        if reader := _reader(model, coupled):
            constant = fold_constants(model, x, name, reader, dead[name])
            silence(model, coupled, constant)
            dead[name] |= constant
    cut(model, units, dead)
    _note_widths(model)


def _silence_unread(model: nn.Module, units: Units, dead: dict[str, Tensor]) -> bool:
    """Silence units that no layer reads, from the last layer on; whether there were any."""
    weights = {name: effective_weight(layer) for name, layer in weight_layers(model).items()}
    changed = False
    for name, coupled in reversed(units.items()):
        unread = (coupled.leaving(weights) == 0).all(dim=1).cpu() & ~dead[name]
        if (unread | dead[name]).all():
            unread[unread.int().argmax()] = False  # one stays
        if unread.any():
            silence(model, coupled, unread)
            for layer, rows in coupled.rows.items():
                weights[layer][rows[unread].flatten()] = 0.0
            dead[name] |= unread
            changed = True
    return changed


def _reader(model: nn.Module, coupled: CoupledLayers) -> str:
    """The layer that reads the units of one layer, all in their order and nothing else, if any."""
    if coupled.attention is not None or len(coupled.rows) > 1 or len(coupled.columns) > 1:
        return ""
    ((name, columns),) = coupled.columns.items()
    layer = weight_layers(model)[name]
    whole = torch.equal(columns.flatten(), torch.arange(layer.weight.shape[1]))
    return name if whole and getattr(layer, "groups", 1) == 1 else ""


def _passed(model: nn.Module, x: Tensor, name: str, coupled: CoupledLayers) -> CoupledLayers | None:
    """The same with the BatchNorm layers of a chain; None if something unknown stands between."""
    if coupled.norms is not None:
        return coupled
    span = spans_of(model, x)[name]
    if span.opaque or (isinstance(span.layer, nn.Conv2d) and span.layer.groups > 1):
        return None
    norms = {
        n: torch.arange(norm.num_features).reshape(len(coupled), -1)
        for n, (norm, _) in span.norms.items()
    }
    return replace(coupled, norms=norms)


def _samples(model: nn.Module, sample: Tensor | None) -> Tensor:
    """Random samples of the shape that the network reads, behind some of the caller's.

    Numbers of tokens cannot be drawn: which there are, the network does not say.
    """
    tokens = any(isinstance(module, nn.Embedding) for module in model.modules())
    first = next(iter(weight_layers(model).values()), None)
    if sample is not None:
        if sample.ndim < 2 or sample.numel() == 0:
            raise InputError(f"sample has shape {tuple(sample.shape)}; it must be (n, ...), n >= 1")
        shape = tuple(sample.shape[1:])
    elif isinstance(model, MLP | BinarizedMLP):
        shape = (model.features,)
    elif isinstance(model, ConvNet | ResNet | TorchvisionNetwork):
        shape = model.shape
    elif isinstance(first, nn.Linear) and not tokens:
        shape = (first.in_features,)
    else:
        raise InputError(
            "the size of the network's input is not known; give a sample: ll.compact(model, "
            "sample=x[:64])"
        )
    if sample is not None and tokens:
        return sample[:_GIVEN]
    generator = torch_stream(0, "compact")
    pixels = torch.rand(_SAMPLES, *shape, generator=generator)
    signed = torch.randn(_SAMPLES, *shape, generator=generator)
    samples = [] if sample is None else [sample[:_GIVEN].to(pixels)]
    return torch.cat([*samples, pixels, signed])


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    with same_randomness(), evaluation_mode(model), fitting(x):
        logits: Tensor = model(matched(model, x))
    return logits


def _note_widths(model: nn.Module) -> None:
    """Tell a network of this package how wide its hidden layers are now."""
    if isinstance(model, MLP | BinarizedMLP | ConvNet):
        layers = [layer for layer, _ in pairwise(weight_layers(model).values())]
        model.hidden = tuple(len(layer.weight) for layer in layers)


def _check_equal(after: Tensor, before: Tensor, *, signs: bool) -> None:
    """No hook sees what the network's own code computes between its modules."""
    moved = (after - before).abs().flatten(1).amax(dim=1)
    near = moved <= _CLOSE * before.abs().max().clamp(min=1.0)
    # Where activations are signs, a sum that is 0 but for its rounding may turn a sample.
    if near.float().mean() < (0.75 if signs else 1):
        raise InputError(
            "the network cannot be made smaller: its outputs change with its widths (something "
            "between its layers that is no module?)"
        )
