"""Networks with attention, each written in another way."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from leastloss.models import linear_form

WIDTH, HEADS, DEPTH = 12, 3, 4


class Fused(nn.Module):
    """Queries, keys and values by one layer: behind each other, or together in each head."""

    def __init__(self, order: str) -> None:
        super().__init__()
        self.num_heads, self.order = HEADS, order
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        every, n = self.qkv(x), self.num_heads
        if self.order == "unbound":
            q, k, v = every.unflatten(-1, (3, n, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        elif self.order == "indexed":
            parts = every.unflatten(-1, (3, n, -1)).permute(2, 0, 3, 1, 4)
            q, k, v = parts[0], parts[1], parts[2]
        else:
            q, k, v = every.unflatten(-1, (n, -1)).transpose(1, 2).chunk(3, -1)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).flatten(2))


class Rotary(nn.Module):
    """Two heads of queries for each of keys and values; queries and keys are turned."""

    def __init__(self) -> None:
        super().__init__()
        self.head_dim = DEPTH
        self.q, self.k = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.v, self.out = nn.Linear(WIDTH, WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        places = torch.arange(x.shape[1], dtype=x.dtype)[:, None].expand(-1, DEPTH)
        q, k = (y * places.cos() + _turned(y) * places.sin() for y in (q, k))
        k, v = (y[:, :, None].expand(-1, -1, 2, -1, -1).flatten(1, 2) for y in (k, v))
        mixed = (q @ k.transpose(-2, -1) / DEPTH**0.5).softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).flatten(2))


def _turned(x: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return torch.cat([-x[..., half:], x[..., :half]], dim=-1)


class Silent(nn.Module):
    """Nothing says how many heads there are."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def scores(self, q: Tensor, k: Tensor) -> Tensor:
        return q @ k.transpose(-2, -1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (-1, DEPTH)).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        mixed = self.scores(q, k).softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).flatten(2))


class Scaled(Silent):
    """A factor of each head: no head can go."""

    def __init__(self) -> None:
        super().__init__()
        self.num_heads, self.factors = HEADS, nn.Parameter(torch.rand(HEADS, 1, 1))

    def scores(self, q: Tensor, k: Tensor) -> Tensor:
        return super().scores(q, k) * self.factors


class Encoder(nn.Module):
    """Attention and a feed-forward part, with norms and residual sums; reads (n, tokens, 5)."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.embed, self.attention = nn.Linear(5, WIDTH), attention
        self.norm, self.wide = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 8)
        self.narrow, self.head = nn.Linear(8, WIDTH), nn.Linear(WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.embed(x)
        h = h + self.attention(h)
        return self.head((h + self.narrow(self.wide(self.norm(h)).relu())).mean(1))


class Torch(nn.Module):
    """Torch's own encoder layers."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 8, dropout=0.0, batch_first=True)
        self.embed, self.head = nn.Linear(5, WIDTH), nn.Linear(WIDTH, 3)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(x)).mean(1))


ATTENTION = {
    "torch": lambda: linear_form(Torch()),
    "unbound": lambda: Encoder(Fused("unbound")),
    "indexed": lambda: Encoder(Fused("indexed")),
    "interleaved": lambda: Encoder(Fused("interleaved")),
    "rotary": lambda: Encoder(Rotary()),
}
FIXED = {"scaled": lambda: Encoder(Scaled()), "silent": lambda: Encoder(Silent())}


def attention_case(kind: str) -> tuple[nn.Module, Tensor]:
    """One of them in evaluation mode, and samples for it: as many tokens as channels."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = (ATTENTION | FIXED)[kind]()
        return model.eval(), torch.rand(6, WIDTH, 5)
