"""Units of any network: which layers are coupled, by the dependency graph of torch-pruning."""

import copy
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from leastloss.errors import InputError, brief
from leastloss.models.heads import possible_heads
from leastloss.models.layers import Layer, own_weights, weight_layers
from leastloss.models.running import matched
from leastloss.models.unit_reach import is_depthwise, stray_units, width_of
from leastloss.models.units import CoupledLayers, Units
from leastloss.models.untouched import same_randomness


def traced_units(model: nn.Module, x: Tensor) -> tuple[Units, dict[str, str]]:
    """Find the units of a network by torch-pruning (Fang et al. 2023, "DepGraph"), and try them.

    Coupled are channels that are added to one another, multiplied or taken along by a depthwise
    convolution; those of a convolution in groups, one of each group; those of a head of attention
    (:func:`leastloss.models.heads.possible_heads`). What the graph says is held against runs of the
    network on ``x``, a few samples, (n, ...) (:func:`leastloss.models.unit_reach.stray_units`).

    Returns:
        The units; and layer -> why its units are none, for those that are left out.

    Raises:
        InputError: If the network cannot be traced at all.

    Example:
        >>> class Residual(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.first, self.inner = nn.Linear(4, 3), nn.Linear(3, 3)
        ...         self.last = nn.Linear(3, 2)
        ...
        ...     def forward(self, x):
        ...         h = self.first(x).relu()
        ...         return self.last(h + self.inner(h))
        >>> units, _ = traced_units(Residual(), torch.rand(2, 4))
        >>> [(list(coupled.rows), list(coupled.columns)) for coupled in units.values()]
        [(['first', 'inner'], ['inner', 'last'])]
    """
    order = list(weight_layers(model))
    units, left_out = dict[str, CoupledLayers](), dict[str, str]()
    sides = dict[str, tuple[list[str], list[str]]]()
    for members in _graph_groups(model, x):
        made = [n for n in order if ("rows", n) in members]
        sides[made[0]] = made, [n for n in order if ("columns", n) in members]
        try:
            coupled = _coupled(model, members, order)
        except InputError as error:
            left_out[made[0]] = str(error)
            continue
        if coupled.columns:  # what no layer reads is the network's output
            units[made[0]] = coupled
    units = {name: units[name] for name in order if name in units}
    left_out |= stray_units(model, x, units)
    units |= (heads := _heads(model, x, [sides[name] for name in left_out]))
    makers = {name for coupled in heads.values() for name in coupled.rows}
    left_out = {name: reason for name, reason in left_out.items() if name not in makers}
    return {n: units[n] for n in order if n in units and n not in left_out}, left_out


def _heads(model: nn.Module, x: Tensor, sides: list[tuple[list[str], list[str]]]) -> Units:
    """Of channels that are no units, those that make heads of attention."""
    makers_of = defaultdict[str, dict[str, None]](dict)  # where keys are repeated: of two groups
    for makers, readers in sides:
        if len(readers) == 1:
            makers_of[readers[0]] |= dict.fromkeys(makers)
    possible = {
        next(iter(makers)): list(possible_heads(model, list(makers), reader))
        for reader, makers in makers_of.items()
    }
    heads: Units = {}
    for attempt in range(max(map(len, possible.values()), default=0)):
        tried = {
            name: choices[attempt]
            for name, choices in possible.items()
            if name not in heads and attempt < len(choices)
        }
        faults = stray_units(model, x, tried)
        heads |= {name: coupled for name, coupled in tried.items() if name not in faults}
    return heads


_Members = dict[tuple[str, str], list[tuple[int, int]]]
"""``rows``, ``columns`` or ``norms``, and a module -> pairs of a unit and one of its channels."""

_UNKNOWN = -1
"""The unit of a channel whose unit the graph does not tell."""
_VISITS = 16
"""How often a walk through the graph comes to the same channels by other ways at most."""


def _graph_groups(model: nn.Module, x: Tensor) -> list[_Members]:
    """What torch-pruning couples, by name; anything else with a state as ``other``."""
    import torch_pruning  # chains do without

    trial = copy.deepcopy(model).requires_grad_().eval()
    names = {module: name for name, module in trial.named_modules()}
    graph = torch_pruning.DependencyGraph()
    groups = []
    with same_randomness(), torch.enable_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            graph.build_dependency(trial, matched(trial, x), verbose=False)
            with _ending(graph):
                traced = list(graph.get_all_groups(root_module_types=(nn.Linear, nn.Conv2d)))
        except Exception as error:  # whatever it meets in code that it does not know
            raise InputError(f"the network cannot be traced: {brief(error)}") from error
    for group in traced:
        members: _Members = defaultdict(list)
        for item in group:
            module: Any = item.dep.target.module
            if module not in names:
                if isinstance(module, nn.Parameter):
                    members["other", item.dep.target.name] = []
                continue
            kind = "other"
            if isinstance(module, nn.Linear | nn.Conv2d):
                kind = "rows" if graph.is_out_channel_pruning_fn(item.dep.handler) else "columns"
            elif isinstance(module, _BatchNorm):
                kind = "norms"
            elif not module.state_dict():
                continue
            pairs = zip(item.root_idxs, item.idxs, strict=True)
            members[kind, names[module]] += [
                (_UNKNOWN if unit is None else int(unit), int(at)) for unit, at in pairs
            ]
        groups.append(members)
    return groups


_WALK = Lock()  # walks take a name of the library's module for their own


@contextmanager
def _ending(graph: Any) -> Iterator[None]:
    """Let walks through the graph end; one thread at a time.

    One would go round for ever where channels are moved and added to themselves, as the halves of
    queries and keys are by rotary embeddings: the indices grow without bound.
    """
    # The function has the class, in whatever file the version at hand keeps it.
    names = type(graph).get_pruning_group.__globals__
    with _WALK:
        group: Any = names["Group"]

        class Ending(group):  # type: ignore[misc]  # the library has no types
            def __init__(self) -> None:
                super().__init__()
                self.visits = Counter[tuple[Any, Any]]()

            def add_dep(self, dep: Any, idxs: Any) -> None:
                self.visits[dep.target, dep.handler] += 1
                super().add_dep(dep, idxs)

            def has_pruning_op(self, dep: Any, idxs: Any) -> bool:
                often = self.visits[dep.target, dep.handler] >= _VISITS
                return often or bool(super().has_pruning_op(dep, idxs))

        names["Group"] = Ending
        try:
            yield
        finally:
            names["Group"] = group


def _coupled(model: nn.Module, members: _Members, order: list[str]) -> CoupledLayers:
    """The members of a group as indices; refuses what is not known to be a unit's own."""
    layers, owners, modules = weight_layers(model), own_weights(model), dict(model.named_modules())
    for kind, name in members:
        if kind == "other":
            what = type(modules[name]).__name__ if name in modules else "weight"
            raise InputError(f"pass {name!r} ({what}), whose share of a unit is not known")
        if kind != "norms" and name not in owners:
            raise InputError(f"pass layer {name!r}, whose weight is not its own")
    unit_of = _merged({key: pairs for key, pairs in members.items() if key[0] != "norms"}, layers)
    parts: dict[str, dict[str, Tensor]] = {"rows": {}, "columns": {}, "norms": {}}
    for name in [*order, *(name for kind, name in members if kind == "norms")]:
        for kind, by_name in parts.items():
            if not (pairs := members.get((kind, name))) or name in by_name:
                continue
            layer, groups, modulus = layers.get(name), 1, 0
            if kind == "columns" and isinstance(layer, nn.Conv2d):
                groups, modulus = layer.groups, layer.weight.shape[1]
            channels = _channels(kind, modules[name])
            if any(unit == _UNKNOWN or at >= channels for unit, at in pairs):
                raise InputError(f"reach {name!r} in an order that is not known")
            of_unit = defaultdict[int, dict[int, None]](dict)
            for unit, at in pairs:
                of_unit[unit_of[unit]][at % modulus if modulus else at] = None
            if len({len(channels) for channels in of_unit.values()}) != 1:
                raise InputError(f"are spread unevenly over {name!r}")
            if groups > 1 and groups * sum(map(len, of_unit.values())) != len(set(pairs)):
                raise InputError(f"are read by some groups of layer {name!r} and not by all")
            by_name[name] = torch.tensor([list(of_unit[unit]) for unit in sorted(of_unit)])
    sizes = {len(indices) for by_name in parts.values() for indices in by_name.values()}
    if len(sizes) != 1:
        raise InputError(f"are not the same in {' and '.join(name for _, name in members)}")
    return CoupledLayers(parts["rows"], parts["columns"], parts["norms"])


def _channels(kind: str, module: Any) -> int:
    """How many there are of what the indices of a member count."""
    if kind == "norms":
        return int(module.num_features)
    return len(module.weight) if kind == "rows" else width_of(module)


def _merged(members: _Members, layers: dict[str, Layer]) -> dict[int, int]:
    """Units that go together only: those of a convolution in groups, one of each group."""
    unit_of = {unit: unit for pairs in members.values() for unit, _ in pairs}
    for (kind, name), pairs in members.items():
        layer = layers[name]
        if not isinstance(layer, nn.Conv2d) or layer.groups == 1 or is_depthwise(layer):
            continue
        side = layer.weight.shape[1] if kind == "columns" else len(layer.weight) // layer.groups
        first: dict[int, int] = {}
        for unit, at in pairs:
            one, other = unit_of[unit], first.setdefault(at % side, unit_of[unit])
            if one != other:
                unit_of = {u: other if of == one else of for u, of in unit_of.items()}
                first = {key: other if of == one else of for key, of in first.items()}
    return unit_of
