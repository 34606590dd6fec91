"""Multi-head attention as four linear layers: queries, keys, values, output."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.errors import InputError
from leastloss.models.linear_forms.convolutions import take_over


class AttentionForm(nn.Module):
    """``nn.MultiheadAttention`` with its projections as layers of their own.

    Encoder layers of torch take their slow path with it, so that hooks see every layer.
    """

    # What nn.TransformerEncoderLayer asks before its fast path, which would pass the layers by.
    in_proj_bias = None
    in_proj_weight = None
    _qkv_same_embed_dim = False

    def __init__(self, layer: nn.MultiheadAttention) -> None:
        super().__init__()
        if layer.bias_k is not None or layer.add_zero_attn:
            raise InputError(
                "attention with keys of its own (add_bias_kv, add_zero_attn) has no linear form"
            )
        self.embed_dim, self.head_dim = layer.embed_dim, layer.head_dim
        self.num_heads = layer.num_heads
        self.kdim, self.vdim = int(layer.kdim or 0), int(layer.vdim or 0)
        self.dropout, self.batch_first = layer.dropout, layer.batch_first
        shared: Tensor | None = layer.in_proj_weight
        if shared is not None:
            weights = shared.chunk(3)
        else:
            weights = (layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight)
        together: Tensor | None = layer.in_proj_bias
        biases = (None,) * 3 if together is None else together.chunk(3)
        self.q, self.k, self.v = map(_linear, weights, biases)
        self.out_proj = _linear(layer.out_proj.weight, layer.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """As ``nn.MultiheadAttention``: outputs, and the weights of attention if asked for."""
        alone = query.ndim == 2
        if alone:
            query, key, value = (x.unsqueeze(0) for x in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask[None]
        elif not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        heads = [
            projected.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)
            for projected in (self.q(query), self.k(key), self.v(value))
        ]
        logits = heads[0] @ heads[1].transpose(-2, -1) / self.head_dim**0.5
        for mask in (_by_head(attn_mask, query.shape[0], self.num_heads), key_padding_mask):
            if mask is not None:
                added = mask if mask.ndim == 4 else mask[:, None, None]
                logits = logits + _as_added(added, logits)
        shares = functional.dropout(logits.softmax(-1), self.dropout, self.training)
        output: Tensor = self.out_proj((shares @ heads[2]).transpose(1, 2).flatten(2))
        if alone:
            output = output[0]
        elif not self.batch_first:
            output = output.transpose(0, 1)
        if not need_weights:
            return output, None
        weights = shares.mean(1) if average_attn_weights else shares
        return output, weights[0] if alone else weights

    def native(self) -> nn.MultiheadAttention:
        """The layer again, with the weights as they are now.

        Raises:
            InputError: If it has lost heads.
        """
        linears = [self.q, self.k, self.v]
        if self.v.out_features != self.embed_dim:
            before = self.embed_dim // self.head_dim
            raise InputError(
                f"{self.num_heads} of its {before} heads are left, and nn.MultiheadAttention has "
                "no such shape; keep the linear form"
            )
        bias = self.out_proj.bias is not None
        layer = nn.MultiheadAttention(
            self.embed_dim,
            self.num_heads,
            dropout=self.dropout,
            bias=bias,
            kdim=self.kdim,
            vdim=self.vdim,
            batch_first=self.batch_first,
        )
        with torch.no_grad():
            if layer._qkv_same_embed_dim:
                whole = torch.cat([linear.weight for linear in linears])
                layer.in_proj_weight = nn.Parameter(whole)
            else:
                for name, linear in zip("qkv", linears, strict=True):
                    setattr(layer, f"{name}_proj_weight", nn.Parameter(linear.weight.clone()))
            if bias:
                layer.in_proj_bias = nn.Parameter(torch.cat([linear.bias for linear in linears]))
        take_over(layer.out_proj, self.out_proj.weight, self.out_proj.bias)
        return layer


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    take_over(layer, weight, bias)
    return layer


def _by_head(mask: Tensor | None, samples: int, heads: int) -> Tensor | None:
    """A mask of attention, (T, S) or (n * heads, T, S), in four dimensions."""
    if mask is None:
        return None
    return mask[None, None] if mask.ndim == 2 else mask.unflatten(0, (samples, heads))


def _as_added(mask: Tensor, logits: Tensor) -> Tensor:
    """What is added to the logits: minus infinity where a truth value forbids to look."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=logits.dtype).masked_fill_(mask, float("-inf"))
