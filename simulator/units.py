"""The one place where decibels meet ratios and bytes meet bits."""

from typing import overload

import numpy as np
from numpy.typing import NDArray

BITS_PER_BYTE = 8


@overload
def db_to_linear(level_db: float) -> float: ...
@overload
def db_to_linear(level_db: NDArray[np.float64]) -> NDArray[np.float64]: ...
def db_to_linear(level_db: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """Turn decibels into a power ratio, 10^(x/10).

    Args:
        level_db: A level, or an array of levels, in dB.

    Returns:
        The power ratio, of the same shape.

    Examples:
        >>> db_to_linear(20.0)
        100.0
    """
    return 10.0 ** (level_db / 10.0)


@overload
def linear_to_db(ratio: float) -> float: ...
@overload
def linear_to_db(ratio: NDArray[np.float64]) -> NDArray[np.float64]: ...
def linear_to_db(ratio: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """Turn a power ratio into decibels, 10 lg x.

    Args:
        ratio: A power ratio above zero, or an array of them.

    Returns:
        The level in dB, of the same shape.

    Examples:
        >>> linear_to_db(100.0)
        20.0
    """
    level_db = 10.0 * np.log10(ratio)
    return level_db if isinstance(ratio, np.ndarray) else float(level_db)


@overload
def bytes_to_bits(size_bytes: float) -> float: ...
@overload
def bytes_to_bits(size_bytes: NDArray[np.integer] | NDArray[np.float64]) -> NDArray[np.float64]: ...
def bytes_to_bits(
    size_bytes: float | NDArray[np.integer] | NDArray[np.float64],
) -> float | NDArray[np.float64]:
    """Turn bytes into bits, as floats (the link divides them by rates).

    Args:
        size_bytes: A size, or an array of sizes, in bytes.

    Returns:
        The size in bits, of the same shape, float64.

    Examples:
        >>> bytes_to_bits(3)
        24.0
    """
    if isinstance(size_bytes, np.ndarray):
        return size_bytes.astype(np.float64) * BITS_PER_BYTE
    return float(size_bytes) * BITS_PER_BYTE
