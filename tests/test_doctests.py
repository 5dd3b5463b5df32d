import doctest
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

import coinfer.codecs
import coinfer.models
import coinfer.simulator


def modules() -> Iterator[str]:
    """Names below `coinfer`: pytest's own collection would import codecs/ in the place of Python's codecs."""
    for package in (coinfer.simulator, coinfer.codecs, coinfer.models):
        yield package.__name__
        yield from (found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))


@pytest.mark.parametrize("name", list(modules()))
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    assert doctest.testmod(import_module("coinfer.simulator.units")).attempted > 0
