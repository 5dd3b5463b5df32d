"""Checks of what every block is: a value, which another process can have as well."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from coinfer.codecs.testing.check import ContractError


def value(make: Callable[[], Any]) -> None:
    """Blocks of the same settings are equal, hash alike, and stay so through pickle."""
    one, other = make(), make()
    try:
        same = one == other and hash(one) == hash(other)
    except TypeError as error:
        raise ContractError(f"{error}: make it a frozen dataclass of plain settings") from error
    if not same:
        raise ContractError("two blocks of the same settings differ: make it a frozen dataclass")
    try:
        copied = pickle.loads(pickle.dumps(one))
    except Exception as error:
        raise ContractError(f"it cannot be pickled: {error}; keep plain settings only") from error
    if copied != one:
        raise ContractError("pickled to another process it is another block: keep all settings as fields")
