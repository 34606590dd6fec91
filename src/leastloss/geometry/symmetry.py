"""How far vectors, one for each class, are from the figures that training tends to.

Without imbalance the class means tend to the simplex: equal norms, equal angles (Papyan, Han and
Donoho 2020). With imbalance the right reference is SELI, the geometry of the simplex-encoded
labels (Thrampoulidis, Kini, Vakilian and Behnia 2022, "Imbalance trouble: revisiting neural-
collapse geometry"): rare classes get larger means, and smaller classifier rows that turn to each
other. Without imbalance both are the same.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError, shown
from leastloss.geometry.pairs import class_pairs

NOTHING = 1e-13  # what is left after centring, if below this share of the vectors, is rounding


def mean_cosine(vectors: Tensor, target: float | None = None) -> float:
    """Mean cosine over pairs of rows, or its mean absolute distance from ``target``.

    NaN if a row is zero.

    Example:
        >>> mean_cosine(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]))
        0.3333333432674408
    """
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    first, second = class_pairs(len(unit), unit.device)
    cosine = (unit @ unit.T)[first, second]
    return float(cosine.mean() if target is None else (cosine - target).abs().mean())


def norm_spread(vectors: Tensor) -> float:
    """Standard deviation of the norms of the rows over their mean; NaN if all are zero.

    Example:
        >>> norm_spread(torch.tensor([[1.0, 0.0], [0.0, 3.0]]))
        0.5
    """
    norms = vectors.norm(dim=1)
    return float(norms.std(correction=0) / norms.mean())


@computed
def simplex_gram(classes: int) -> Tensor:
    """Inner products of the vertices of a regular simplex, ``(I - 11^T/C) / sqrt(C - 1)``.

    Float64, shape (C, C), with Frobenius norm 1.

    Raises:
        InputError: If there are fewer than two classes.

    Example:
        >>> simplex_gram(2)
        tensor([[ 0.5000, -0.5000],
                [-0.5000,  0.5000]], dtype=torch.float64)
    """
    if classes < 2:
        raise InputError(f"a simplex of classes has at least 2 vertices; {classes} was given")
    identity = torch.eye(classes, dtype=torch.float64)
    return (identity - 1 / classes) / math.sqrt(classes - 1)


@computed
def seli_grams(counts: Tensor | Sequence[float]) -> tuple[Tensor, Tensor]:
    """Inner products that classifier rows and class means tend to, for classes of these sizes.

    With ``P = I - 11^T/C`` and ``N = diag(n)``, the classifier's Gram matrix is proportional to
    ``(P N P)^(1/2)`` and that of the class means to its pseudo-inverse ``((P N P)^+)^(1/2)``:
    from ``Z = P Y`` (C, n), the centred one-hot labels, ``W W^T ~ (Z Z^T)^(1/2)`` and
    ``H^T H ~ (Z^T Z)^(1/2)``. They are the minimisers of the margin problem of features and
    classifier that are both free, under equal regularisation.

    Args:
        counts: Training samples per class, shape (C,); each at least 1, two classes at least.

    Returns:
        The two Gram matrices, float64, shape (C, C), each with Frobenius norm 1.

    Raises:
        InputError: If there are fewer than two classes, or a class has no sample.

    Example:
        >>> rows, means = seli_grams([100, 100, 1])
        >>> bool(rows[2, 2] < rows[0, 0]), bool(means[2, 2] > means[0, 0])
        (True, True)
    """
    sizes = torch.as_tensor(counts).cpu().double()
    if sizes.ndim != 1 or len(sizes) < 2 or not bool(((sizes > 0) & sizes.isfinite()).all()):
        raise InputError(
            f"counts are {shown(sizes.tolist())}; at least two classes, each above 0 and finite"
        )
    centring = torch.eye(len(sizes), dtype=torch.float64) - 1 / len(sizes)
    values, vectors = torch.linalg.eigh(centring @ torch.diag(sizes) @ centring)
    # The first eigenvalue is the one that centring makes zero; all others are at least min(n).
    values, vectors = values[1:], vectors[:, 1:]
    rows = (vectors * values.sqrt()) @ vectors.T
    means = (vectors * values.rsqrt()) @ vectors.T
    return rows / rows.norm(), means / means.norm()


@computed
def gram_distance(vectors: Tensor, reference: Tensor) -> float:
    """Distance of the shape of C vectors from a reference: ``||G/||G|| - R||`` (Frobenius).

    G holds the inner products of the vectors less their mean, so that place, size and rotation do
    not count. 0 is the shape itself, ``sqrt(2)`` the most. NaN if all vectors agree.

    Args:
        vectors: Shape (C, d).
        reference: Gram matrix of Frobenius norm 1, shape (C, C).

    Raises:
        InputError: If the two do not have the same number of classes.

    Example:
        >>> gram_distance(torch.tensor([[5.0], [7.0]]), simplex_gram(2))
        0.0
    """
    if len(vectors) != len(reference):
        raise InputError(
            f"there are {len(vectors)} vectors and a reference of {len(reference)} classes"
        )
    values = vectors.detach().double()
    centred = values - values.mean(dim=0)
    largest = float(centred.abs().max())
    if largest <= NOTHING * float(values.abs().max()):
        return math.nan
    unit = centred / largest  # the squares of tiny vectors would underflow
    gram = unit @ unit.T
    return float((gram / gram.norm() - reference.to(gram)).norm())
