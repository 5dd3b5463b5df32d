"""Memory that is free but still counts as the process's."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import pyarrow as pa


def give_back() -> None:
    """Gives freed memory back to the operating system.

    GNU's C library keeps up to 64 MB, and more between what is still used; a process that holds a million
    tasks would need half as much again. Other C libraries have no such call. Arrow keeps memory of its own.
    """
    pa.default_memory_pool().release_unused()
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
