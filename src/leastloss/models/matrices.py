"""All weight matrices of a network, those that cannot be pruned among them."""

from collections.abc import Sequence

from torch import Tensor, nn

from leastloss.models.layers import Masks, mask_of, weight_layers
from leastloss.models.linear_forms import form_hint

_NAMED = 6
"""How many names a remark holds."""


def weight_matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    """Every parameter of two dimensions or more, by name; one that is shared is there once.

    Weights of linear layers, convolutions, recurrent layers, attention and embeddings are; biases
    and the scales of norms are not.

    Example:
        >>> list(
        ...     weight_matrices(nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.GRU(2, 3)))
        ... )
        ['0.weight', '2.weight_ih_l0', '2.weight_hh_l0']
    """
    return {name: value for name, value in model.named_parameters() if value.ndim >= 2}


def network_sparsity(model: nn.Module, masks: Masks) -> float:
    """Share of the weights of all matrices that are pruned by the masks, in [0, 1].

    Args:
        model: Any network.
        masks: Masks by layer. Of other layers those count that they remember themselves, and those
            of ``torch.nn.utils.prune``.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(3, 2), nn.GRU(2, 1))  # 6 weights, and 9
        >>> network_sparsity(net, {"0": torch.zeros(2, 3, dtype=torch.bool)})
        0.4
    """
    every = weight_matrices(model)
    masked = _masks_by_matrix(model, masks)
    pruned = sum(mask.numel() - int(mask.sum()) for name, mask in masked.items() if name in every)
    return pruned / max(1, sum(value.numel() for value in every.values()))


def describe_dense(model: nn.Module, pruned: Sequence[str]) -> str:
    """Name the matrices that stay dense whatever is pruned; empty if there are none.

    Args:
        model: Any network.
        pruned: Names of the layers that are pruned.

    Example:
        >>> describe_dense(nn.Sequential(nn.Linear(3, 2), nn.GRU(2, 1)), ["0"])
        "0.6 of the network's weights stay dense: 1.weight_ih_l0, 1.weight_hh_l0; ll.linear_form \
makes layers of GRU"
    """
    every, masked = weight_matrices(model), _masks_by_matrix(model, {})
    ours = {_matrix_of(name) for name in pruned}
    dense = [name for name in every if name not in ours and name not in masked]
    total = sum(value.numel() for value in every.values())
    share = sum(every[name].numel() for name in dense) / max(1, total)
    names = ", ".join(dense[:_NAMED])
    more = f" and {len(dense) - _NAMED} more" if len(dense) > _NAMED else ""
    if not dense:
        return ""
    return f"{share:.2g} of the network's weights stay dense: {names}{more}{form_hint(model)}"


def _masks_by_matrix(model: nn.Module, masks: Masks) -> dict[str, Tensor]:
    """Masks by the name of the parameter, those that layers hold themselves among them."""
    by_matrix = {
        f"{name}.{key.removesuffix('_mask')}_orig".lstrip("."): mask
        for name, module in model.named_modules()
        for key, mask in module._buffers.items()
        if mask is not None and f"{key.removesuffix('_mask')}_orig" in module._parameters
    }
    for name, layer in weight_layers(model).items():
        mask = masks.get(name, mask_of(layer))
        if mask is not None and (name in masks or not bool(mask.all())):
            by_matrix[_matrix_of(name)] = mask
    return by_matrix


def _matrix_of(layer: str) -> str:
    return f"{layer}.weight".lstrip(".")
