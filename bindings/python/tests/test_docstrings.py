"""The examples of the docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import powerhose

MODULES = [
    module.name
    for module in pkgutil.iter_modules(powerhose.__path__)
    if module.name not in ("__main__", "_powerhose", "_callee")
]


@pytest.mark.parametrize("name", ["__init__", *MODULES])
def test_the_examples_of_a_module_run(name):
    module = powerhose if name == "__init__" else importlib.import_module(f"powerhose.{name}")
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
