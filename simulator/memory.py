"""Memory that is free but still counts as the process's."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pyarrow as pa

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
"""Parameters of GNU's mallopt, by their numbers in malloc.h."""

_LARGEST_INT, _TOP_PAD_BYTES = 2**31 - 1, 2**28


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


@cache
def keep_freed() -> None:
    """Lets this process keep the memory that it frees, for the next to ask for as much; `trim` gives it back.

    A network takes and frees 100 MB a layer. GNU's C library would give these back at once, and Linux would
    clear them anew each time: a fifth of the time of measuring and training.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT)
        library.mallopt(_M_TOP_PAD, _TOP_PAD_BYTES)


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
