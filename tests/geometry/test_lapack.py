"""LAPACK in place, by rows that are its columns, against NumPy and SciPy."""

import numpy as np
import pytest
from scipy.linalg import solve_triangular
from threadpoolctl import threadpool_info, threadpool_limits

from leastloss.errors import InputError
from leastloss.geometry._lapack import (
    invert_triangle,
    lower_factor,
    one_blas_thread,
    solve_triangle,
)


@pytest.mark.parametrize("size", [1, 2, 7, 130])
def test_a_factor_its_inverse_and_its_solutions(size: int) -> None:
    draw = np.random.default_rng(size)
    half = draw.normal(size=(size, 2 * size))
    matrix = half @ half.T / size + np.eye(size)
    lower = np.linalg.cholesky(matrix)
    factor = lower_factor(np.triu(matrix))
    np.testing.assert_allclose(factor, lower.T, rtol=1e-9, atol=1e-12)
    right = draw.normal(size=(3, size))
    for transposed in (False, True):
        expected = solve_triangular(lower, right.T, lower=True, trans=int(transposed)).T
        solution = solve_triangle(factor, right.copy(), transposed=transposed)
        np.testing.assert_allclose(solution, expected, rtol=1e-9, atol=1e-12)
    assert solve_triangle(factor, right[:0]).shape == (0, size)
    inverse = invert_triangle(factor)
    np.testing.assert_allclose(inverse, np.linalg.inv(lower).T, rtol=1e-9, atol=1e-12)


def test_what_has_no_factor_is_one_line() -> None:
    with pytest.raises(InputError, match="not positive semi-definite"):
        lower_factor(np.array([[1.0, 2.0], [0.0, 1.0]]))


def blas_threads() -> list[int]:
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return [library["num_threads"] for library in libraries]


def test_all_blas_libraries_are_held_to_one_thread_and_as_before_afterwards() -> None:
    with threadpool_limits(3, user_api="blas"):
        before = blas_threads()
        assert len(before) > 1  # NumPy's and SciPy's
        assert set(before) == {3}
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert blas_threads() == before
