"""Bytes that no encoder of the codec sent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def hostile_messages(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Makes hostile messages from a good one, each with a description; always the same ones.

    Empty, cut short, with a flipped bit, longer, of random bytes, and of all equal bytes.
    """
    rng = np.random.default_rng(0)
    length = len(whole)
    yield "an empty message", b""
    for kept in sorted({1, 2, 6, length // 2, length - 1, *rng.integers(1, max(2, length), 4).tolist()}):
        if 0 < kept < length:
            yield f"a message cut from {length} to {kept} bytes", whole[:kept]
    for place in sorted({*range(min(length, 3)), *rng.integers(0, length, 5).tolist()} if length else ()):
        altered = bytearray(whole)
        altered[place] ^= 1 << int(rng.integers(0, 8))
        yield f"a message with a flipped bit in byte {place}", bytes(altered)
    yield "a message with 16 bytes behind it", whole + bytes(16)
    for number in (1, 8, 1000, length):
        yield f"{number} random bytes", rng.bytes(number)
        yield f"{number} bytes of 0", bytes(number)
        yield f"{number} bytes of 255", b"\xff" * number
