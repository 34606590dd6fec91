"""Whether a classifier decides as the nearest class mean does."""

import torch
from torch import Tensor

from leastloss.geometry.accumulator import ClassStatistics

CHUNK = 8192  # samples converted to float64 at once


def disagreement(
    features: Tensor,
    labels: Tensor,
    statistics: ClassStatistics,
    rows: Tensor,
    bias: Tensor | None,
) -> float:
    """NC4: class-balanced share of samples that classifier and nearest class mean tell apart.

    Args:
        features: Features, shape (n, d).
        labels: Class indices, shape (n,).
        statistics: Statistics of these features; class k is row k of its means.
        rows: Classifier matrix, float64, shape (C, d).
        bias: Classifier bias, shape (C,); zero when omitted.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> h, y = torch.tensor([[0.0], [1.0], [8.0]]), torch.tensor([0, 1, 1])
        >>> disagreement(h, y, class_statistics(h, y), torch.tensor([[-1.0], [1.0]]).double(), None)
        0.25
    """
    offset = torch.zeros(len(rows)) if bias is None else bias.detach()
    centred = statistics.centred_means()
    wrong = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
    for batch, marks in zip(torch.split(features, CHUNK), torch.split(labels, CHUNK), strict=True):
        h = batch.detach().double()
        decided = (h @ rows.T + offset.to(rows)).argmax(dim=1)
        # ||h - mu_c||^2 up to a constant, with the common mean taken out for precision.
        score = (h - statistics.mean) @ centred.T - centred.square().sum(dim=1) / 2
        differs = decided != score.argmax(dim=1)
        wrong.index_add_(0, marks.to(rows.device, torch.int64), differs.double())
    return float((wrong / statistics.counts).mean())
