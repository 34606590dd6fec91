"""Arguments against annotations: what is taken, what is refused, and what stays as it was."""

import inspect
import timeit
from typing import get_type_hints

import numpy as np
import pytest
import torch
from tests.checked_example import example

import leastloss as ll
from leastloss import geometry, information
from leastloss.arguments import checked, computed
from leastloss.errors import InputError, ResourceError


def test_arguments_by_place_are_checked_too_and_python_still_counts_them():
    with pytest.raises(InputError, match="real is 'a'"):
        example(3, "a")
    with pytest.raises(TypeError, match="unexpected keyword argument 'wrong'"):
        example(wrong=3)


def test_signature_and_docstring_stay():
    assert list(inspect.signature(example).parameters)[:2] == ["whole", "real"]
    assert example.__doc__ == "Say that all is well."
    assert example.__name__ == "example"
    assert "features" in inspect.signature(ll.MLP).parameters


@pytest.mark.parametrize("room", [ll, geometry, information], ids=lambda room: room.__name__)
def test_every_public_name_is_checked_and_its_annotations_can_be_read(room):
    abstract = {"Criterion", "Shrinking"}
    for name in room.__all__:
        target = getattr(room, name)
        if inspect.ismodule(target) or not callable(target) or name in abstract:
            continue
        function = target.__init__ if inspect.isclass(target) else target
        assert hasattr(function, "__wrapped__"), f"{name} is not checked"
        get_type_hints(function)


def test_a_check_costs_microseconds():
    calls = 2000
    seconds = min(timeit.repeat(lambda: example(3, 2.0, wholes=(3, 4)), number=calls, repeat=5))
    assert seconds / calls < 50e-6


def test_memory_that_is_not_there_is_one_line():
    @checked
    def empty(size: int) -> torch.Tensor:
        return torch.empty(size)

    @checked
    def array(size: int) -> np.ndarray:
        return np.empty(size)

    for make in (empty, array):
        with pytest.raises(ResourceError, match="there is not enough memory"):
            make(2**58)


def test_errors_of_another_kind_stay_what_they_are():
    @checked
    def fails() -> None:
        raise RuntimeError("a fault of ours")

    @computed
    def fits_not(x: torch.Tensor) -> torch.Tensor:
        return x @ torch.eye(3)

    with pytest.raises(RuntimeError, match=r"^a fault of ours$"):
        fails()
    with pytest.raises(InputError, match="the arguments do not fit together") as caught:
        fits_not(torch.eye(2))
    assert isinstance(caught.value.__cause__, RuntimeError)
