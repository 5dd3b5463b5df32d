"""What runs on the other machines; see `machines`."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import BitstreamError, Codec
from coinfer.codecs.registry import told
from coinfer.codecs.testing.subject import wrong_scores

MEMORY_BYTES = 2 << 30
"""What decoding a message may take on top of what the process has, on Linux."""


def decode(recipe: bytes, payloads: Sequence[bytes]) -> NDArray[np.float32]:
    """A codec that has seen nothing but these bytes: `[messages, classes]` scores."""
    codec: Codec = pickle.loads(recipe)()
    return codec.decode(payloads)


def encode(recipe: bytes, pickled: bytes, images: NDArray[np.uint8]) -> tuple[str, list[bytes]]:
    """A codec that was pickled: its repr, and its messages.

    The recipe comes first: it imports the file of a codec that is not installed.
    """
    pickle.loads(recipe)()
    codec: Codec = pickle.loads(pickled)
    return repr(codec), codec.encode(images)


def decode_hostile(recipe: bytes, good: bytes, hostile: bytes, classes: int) -> str | None:
    """Says what is wrong with what becomes of hostile bytes; None if nothing is."""
    codec = _warm(recipe, good)
    with _little_memory():
        try:
            scores = codec.decode([hostile])
        except BitstreamError:
            return None
        except Exception as error:
            return f"raised {told(error)}: raise BitstreamError for bytes that are no message of this codec"
    problem = wrong_scores(scores, 1, classes)
    return f"returned {problem}" if problem else None


@lru_cache(maxsize=1)
def _warm(recipe: bytes, good: bytes) -> Codec:
    codec: Codec = pickle.loads(recipe)()
    codec.decode([good])
    return codec


@contextmanager
def _little_memory() -> Iterator[None]:
    """Bounds the address space, where the system can tell how much is taken."""
    taken = Path("/proc/self/statm")
    if not taken.is_file():
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(taken.read_text().split()[0]) * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
