"""Memory that is free but still counts as the process's."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pyarrow as pa


@contextmanager
def loaded_left_alone() -> Iterator[None]:
    """Leaves what there is now out of searches for cycles: modules, once imported, stay.

    With torch loaded these are half a million objects, and to search them takes some tenths of a second.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def give_back() -> None:
    """Gives memory back to the operating system: what is free, and cycles that nobody can reach."""
    gc.collect()
    trim()


def trim() -> None:
    """Gives freed memory back to the operating system.

    GNU's C library keeps up to 64 MB, and more between what is still used; a process that holds a million
    tasks would need half as much again. Other C libraries have no such call. Arrow keeps memory of its own.
    """
    pa.default_memory_pool().release_unused()
    of_library = _malloc_trim()
    if of_library is not None:
        of_library(0)


@cache
def _malloc_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
