"""pybdm, imported with the warnings of its old ``pkg_resources`` import silenced."""

import warnings
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def pybdm() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pybdm as module
    module.options.set(raise_if_zero=False)
    return module
