"""Rows of weights, and the order that refits of every candidate give."""

import numpy as np
import pytest
import torch

from leastloss.geometry.surgeon_elimination import Rows

RIDGE = 0.03


def rows(seed: int, d: int, count: int, *, bias: bool = False, keep: float = 0.8) -> Rows:
    """Fitted rows, a share of their inputs masked; two of the same support."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3 * d, d, generator=generator).double() @ torch.randn(d, d).double()
    if bias:
        x = torch.cat([x, torch.ones(len(x), 1).double()], dim=1)
    mask = torch.rand(count, d, generator=generator) < keep
    mask[0] = mask[-1]
    weights = torch.randn(count, d, generator=generator).double() * mask
    return Rows(
        moments=x.T @ x / len(x),
        ridge=torch.full((x.shape[1],), RIDGE).double(),
        weights=weights,
        mask=mask,
        factor=torch.rand(count, generator=generator).double() + 0.1,
    )


class Refitted:
    """One row; its targets are what it computes, and every fit is a least-squares problem."""

    def __init__(self, whole: Rows, row: int) -> None:
        values, vectors = np.linalg.eigh((whole.moments + torch.diag(whole.ridge)).numpy())
        self.x = (vectors * np.sqrt(values)).T  # x^T x = S + ridge
        inputs = whole.weights.shape[1]
        self.free = np.flatnonzero(whole.mask[row].numpy()).tolist()
        self.fixed = list(range(inputs, len(whole.ridge)))
        self.z = self.x[:, :inputs] @ whole.weights[row].numpy()
        self.factor, self.error = float(whole.factor[row]), 0.0

    def without(self, a: int) -> float:
        kept = [i for i in self.free if i != a] + self.fixed
        if not kept:
            return float(self.z @ self.z)
        w = np.linalg.lstsq(self.x[:, kept], self.z, rcond=None)[0]
        return float(((self.z - self.x[:, kept] @ w) ** 2).sum())

    def costs(self) -> dict[int, float]:
        return {a: self.factor * (self.without(a) - self.error) for a in self.free}

    def remove(self, a: int) -> None:
        self.error = self.without(a)
        self.free.remove(a)


def check(layers: list[Rows], order: np.ndarray) -> None:
    """Every removal is, up to rounding, the cheapest within its row, and of the rows' next ones."""
    refits, start = {}, 0
    numbers = {}
    for layer in layers:
        count, inputs = layer.weights.shape
        for row in range(count):
            refits[start] = Refitted(layer, row)
            numbers |= {start + a: (start, a) for a in range(inputs)}
            start += inputs
    nexts = {row: refit.costs() for row, refit in refits.items()}
    for part in order.tolist():
        row, a = numbers[part]
        cost = nexts[row][a]
        cheapest = min(min(costs.values()) for costs in nexts.values() if costs)
        assert cost == pytest.approx(cheapest, rel=1e-6, abs=1e-9)
        refits[row].remove(a)
        nexts[row] = refits[row].costs()
