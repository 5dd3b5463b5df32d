"""Memory that is free but still counts as the process's."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def give_back() -> None:
    """Gives freed memory back to the operating system.

    GNU's C library keeps up to 64 MB, and more between what is still used; a process that holds a million
    tasks would need half as much again. Other C libraries have no such call; there it does nothing.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
